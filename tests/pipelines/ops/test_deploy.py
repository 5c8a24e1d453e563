"""prefect.yaml against the code, without a server."""

import importlib
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.ops.deploy import POOLS
from pipelines.settings import load_pipeline

ROOT = Path(__file__).resolve().parents[3]
FILE = yaml.safe_load((ROOT / "prefect.yaml").read_text())
DEPLOYMENTS = [pytest.param(deployment, id=deployment["name"]) for deployment in FILE["deployments"]]


@pytest.mark.parametrize("deployment", DEPLOYMENTS)
def test_the_entrypoint_is_a_flow_with_these_parameters(deployment: dict[str, Any]) -> None:
    from prefect import Flow

    module, _, name = deployment["entrypoint"].rpartition(".")
    flow = getattr(importlib.import_module(module), name)
    assert isinstance(flow, Flow)
    given = deployment.get("parameters", {})
    assert set(flow.parameters.required) <= given.keys() <= flow.parameters.properties.keys()


@pytest.mark.parametrize("deployment", DEPLOYMENTS)
def test_the_pipeline_is_one_of_the_flows_family(deployment: dict[str, Any]) -> None:
    if pipeline := deployment.get("parameters", {}).get("pipeline"):
        assert load_pipeline(pipeline).family == deployment["entrypoint"].rpartition(".")[2]


@pytest.mark.parametrize("deployment", DEPLOYMENTS)
def test_the_work_pool_is_one_that_deploy_creates(deployment: dict[str, Any]) -> None:
    assert deployment["work_pool"]["name"] in POOLS


@pytest.mark.parametrize("deployment", DEPLOYMENTS)
def test_every_schedule_has_a_slug_and_a_time_zone_and_runs_one_at_a_time(deployment: dict[str, Any]) -> None:
    assert deployment["concurrency_limit"] == {"limit": 1, "collision_strategy": "ENQUEUE"}
    for schedule in deployment["schedules"]:
        assert schedule.keys() == {"slug", "cron", "timezone", "active"}


def test_no_path_of_a_machine_is_in_the_file() -> None:
    (step,) = FILE["pull"]
    assert step == {"prefect.deployments.steps.set_working_directory": {"directory": "{{ $PIPELINES_ROOT }}"}}
