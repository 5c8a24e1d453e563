"""The CTC family's flow: every variant and seed of a pipeline, fanned out."""

from prefect import flow

from pipelines.runs.fan_out import fan_out


@flow(name="ctc", flow_run_name="{pipeline}")
def train_variants(pipeline: str = "ctc-speech", stage: bool = False) -> None:
    """Trains all runs of `pipeline`; as a stage, what has not changed is kept and the results go to data/models."""
    fan_out(pipeline, stage=stage)
