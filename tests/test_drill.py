"""A small part of `make drill`: a kill, a damage and two at once, each compared with an undisturbed run."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.drill import corruptions, kills, moments, state, table
from tests.drill.place import Place, place_in

pytestmark = [pytest.mark.server, pytest.mark.slow]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A place with the templates `empty`, `data` and `done`."""
    with place_in(tmp_path_factory.mktemp("drill")) as place:
        place.clone()
        place.fill("empty")
        assert place.run("dvc", "repro", "validate@slots")[0] == 0
        place.keep("data")
        status, output = place.pipelines("repro")
        assert status == 0, output
        assert place.left_processes() == []
        place.keep("done")
        yield place


@pytest.fixture(scope="module")
def reference(place: Place) -> state.State:
    return state.of(place.root)


@pytest.fixture(scope="module")
def answer(place: Place, reference: state.State) -> str:
    return place.pipelines("predict", "rnn-slots", corruptions.TEXT)[1]


def moment(name: str) -> moments.Moment:
    (found,) = (one for one in moments.MOMENTS if one.name == name)
    return found


@pytest.mark.parametrize("name", ["MLflow has the files, the run is RUNNING", "a model is logged half"])
def test_killed_at_a_moment(name: str, place: Place, reference: state.State) -> None:
    done = kills.at_moment(place, reference, moment(name), 0, seed=0)
    assert (done.hit, done.faults) == (True, [])


@pytest.mark.parametrize("name", ["a registered model", "DVC's cache"])
def test_damaged(name: str, place: Place, reference: state.State, answer: str) -> None:
    (kind,) = (one for one in corruptions.KINDS if one.name == name)
    done = corruptions.damaged(place, reference, answer, kind, 0, seed=0)
    assert (done.hit, done.faults) == (True, [])


def test_differences_are_seen(place: Place, reference: state.State) -> None:
    place.fill("done")
    assert state.differences(reference, state.of(place.root)) == []
    (place.root / "data/metrics/.rnn-slots.json.12").touch()
    (place.root / "data/models/rnn-slots/rnn-slots-gru-s0/model.safetensors").write_text("another")
    (place.root / "data/registry/rnn-slots.json").unlink()
    assert state.differences(reference, state.of(place.root)) == [
        "data/metrics/.rnn-slots.json.12",
        "data/models/rnn-slots/rnn-slots-gru-s0/model.safetensors",
        "data/registry/rnn-slots.json",
    ]


def test_the_table_has_a_row_for_a_kind(tmp_path: Path) -> None:
    records = {
        "random 0": {"kind": "SIGKILL of one process", "hit": True, "faults": []},
        "random 1": {"kind": "SIGKILL of one process", "hit": False, "faults": ["x"]},
        "damage raw 0": {"kind": "raw: cut short", "hit": True, "faults": []},
        "damage raw 1": {"kind": "raw: a flipped byte", "hit": True, "faults": []},
    }
    document = tmp_path / "page.md"
    document.write_text(f"before\n{table.BEGIN}\nold\n{table.END}\nafter\n")
    table.write(records, document)
    assert document.read_text().splitlines()[3:-3] == [
        *table.HEAD,
        "| SIGKILL of one process | 2 | 1 | 1 |",
        "| damaged: raw | 2 | 2 | 0 |",
        "| all | 4 | 3 | 1 |",
    ]
    assert document.read_text().endswith(f"{table.END}\nafter\n")
