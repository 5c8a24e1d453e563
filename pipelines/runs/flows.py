"""The families' flows: train every run of a pipeline, compare them, promote the best. One Prefect flow a family.

`dvc repro`, a schedule and a notebook call the same flow. `flows.rnn` and the others are made here, from the folders of
`pipelines/`, so that a family needs no flow of its own.
"""

import re
import shutil
import sys
from pathlib import Path

import torch
from prefect import Flow, flow, task
from prefect.cache_policies import NO_CACHE
from prefect.runtime import flow_run

from pipelines import task as tasks
from pipelines.reporting.comparison import Ranking, compare
from pipelines.runs import registry
from pipelines.runs.alone import alone, is_held
from pipelines.runs.fan_out import report, train_runs
from pipelines.runs.folder import is_being_trained
from pipelines.runs.tracking import tracker
from pipelines.settings import Pipeline, Run, load_pipeline, tasks_of_families
from pipelines.tables import DATA, read_card, stage_of, tables_of

SCHEDULED = re.compile(r"-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")  # a flow run's id at the end of a folder's name


def run_pipeline(pipeline: str, stage: bool = False) -> None:
    """Trains, compares and promotes; to be called within a flow.

    As a DVC stage, finished runs that nothing changed for are kept, the results go to `data/`, and the best run becomes
    the pipeline's champion. Else (a schedule) everything is trained anew in a folder that is removed: the tracker holds
    the results, and the champion stays the one that DVC knows of. Variants that ask for a GPU are left out where there
    is none.

    Raises ValueError that names the runs that failed, after all others have finished, and where there is none to train.
    """
    loaded = load_pipeline(pipeline)
    runs = _checked(loaded)
    tracker().create_store(pipeline)  # before processes fan out
    data = DATA if stage else DATA / "work" / f"{pipeline}-{flow_run.get_id()}"
    if not stage:
        _sweep(pipeline)
    with alone(registry.lock_of(pipeline, data), f"runs {pipeline} here", report):
        tracker().end_abandoned(pipeline, is_being_trained)
        work = data / "work" / pipeline
        report(f"{pipeline}: {_counted(len(runs), 'run')} on {loaded.source} data")
        trained, failures = train_runs(runs, work)
        if failures:
            raise ValueError(
                "\n".join([f"{len(failures)} of {_counted(len(runs), 'run')} failed; the others are kept", *failures])
            )
        ranking = compare_runs(loaded, trained, data)
        if stage:
            promote_champion(loaded, ranking, data)
        else:
            shutil.rmtree(data)


def _sweep(pipeline: str) -> None:
    """Removes what a scheduled run whose process was killed has left in `data/work`."""
    for left in (DATA / "work").glob(f"{pipeline}-*"):
        if SCHEDULED.search(left.name) and not is_held(registry.lock_of(pipeline, left)):
            shutil.rmtree(left, ignore_errors=True)


def _checked(pipeline: Pipeline) -> list[Run]:
    """The runs that this machine can train, after a check of all: one message before anything is trained."""
    trainer = tasks.find(pipeline.family, pipeline.task).trainer
    for run in pipeline.runs:
        trainer.settings(run)
    if (source := read_card(tables_of(pipeline.dataset))["source"]) != pipeline.source:
        raise ValueError(
            f"the tables of {pipeline.dataset} are {source} data, params.yaml asks for {pipeline.source} data: "
            f"run `dvc repro {stage_of(pipeline.dataset)}` first"
        )
    runs = [run for run in pipeline.runs if run.device != "cuda" or torch.cuda.is_available()]
    if left_out := sorted({run.variant for run in pipeline.runs} - {run.variant for run in runs}):
        report(f"{pipeline.name}: left out, as they need a GPU and there is none here: {', '.join(left_out)}")
    if not runs:
        raise ValueError(
            f"every run of {pipeline.name} needs a GPU, and torch finds none here: set device to auto or cpu"
        )
    return runs


@task(name="compare", task_run_name="compare", cache_policy=NO_CACHE)
def compare_runs(pipeline: Pipeline, trained: list[Path], data: Path) -> Ranking:
    """Collects the folders of trained runs in the stage's output, compares them, and shows their table."""
    _collect(trained, data / "models" / pipeline.name)
    comparison = tasks.find(pipeline.family, pipeline.task).comparison
    ranking = compare(pipeline.name, comparison, data)
    shown = ["seeds", comparison.chosen_by.name, comparison.headline.name, f"{comparison.headline.name}_sd"]
    report(ranking.table[shown].round(comparison.headline.decimals).to_string(na_rep=""))
    return ranking


@task(name="promote", task_run_name="promote", cache_policy=NO_CACHE)
def promote_champion(pipeline: Pipeline, ranking: Ranking, data: Path) -> None:
    """Registers the best run as the pipeline's champion."""
    registry.promote(pipeline.name, data)
    comparison = tasks.find(pipeline.family, pipeline.task).comparison
    best = f"of {pipeline.name}: {ranking.champion.run}, {comparison.brief(ranking.champion.figures)}"
    if registry.is_workspace(data):
        report(f"champion {best}")
    else:
        report(f"the experiment's best {best}; `dvc exp apply` and then `make repro` make it the champion")


def _collect(folders: list[Path], models: Path) -> None:
    """Copies finished runs to the stage's output, which DVC has removed before the stage began."""
    shutil.rmtree(models, ignore_errors=True)
    try:
        for folder in folders:
            shutil.copytree(folder, models / folder.name)
    except OSError as error:
        raise OSError(f"could not copy the runs to {models} ({error}): free some space and run it again") from None


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def of_family(family: str) -> Flow[..., None]:
    """The flow of a family: `run_pipeline` under the family's name."""
    about = f"Trains all runs of a pipeline of the family {family}, compares them, and promotes the best."
    return flow(name=family, description=about, flow_run_name="{pipeline}", persist_result=False)(run_pipeline)


for _family in tasks_of_families():
    setattr(sys.modules[__name__], _family, of_family(_family))
