"""The commands in a project folder: files, messages, exit codes; and ATIS where a mirror holds it."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from stages import __main__ as cli
from stages import datasets
from stages.dataset import Prepared
from stages.datasets.slots import reader
from stages.datasets.slots.dataset import DATASET
from stages.origin import PublicFile

SetParams = Callable[..., None]
ROOT = Path(__file__).parents[2]


def tree(folder: str) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(Path(folder).rglob("*")) if path.is_file()}


def message(capsys: pytest.CaptureFixture[str]) -> str:
    """What the command said on stderr: one message, no traceback."""
    found = capsys.readouterr().err
    assert "Traceback" not in found
    return found


def test_built_in_data_are_made_and_validated_to_the_same_bytes(project: Path) -> None:
    for verb in ("download", "validate"):
        assert cli.main([verb, "slots"]) == 0
    first = {folder: tree(f"data/{folder}") for folder in ("raw", "work", "validated")}
    for verb in ("download", "validate"):
        assert cli.main([verb, "slots"]) == 0
    assert {folder: tree(f"data/{folder}") for folder in first} == first
    card = json.loads(Path("data/validated/slots/card.json").read_text())
    assert card["source"] == "builtin"
    assert card["options"] == {"seed": 3, "train": 300, "val": 40, "test": 60}
    assert {name: table["rows"] for name, table in card["tables"].items()} == {"train": 300, "val": 40, "test": 60}
    table = pd.read_parquet("data/validated/slots/val.parquet")
    assert {name: str(kind) for name, kind in table.dtypes.items()} == {
        "id": "int64",
        "text": "str",
        "tags": "str",
        "intent": "str",
    }


def test_an_unknown_data_set_lists_the_known(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["download", "slotz"]) == 1
    assert message(capsys) == f"download slotz: unknown data set 'slotz': choose from {', '.join(datasets.names())}\n"


def test_a_stage_without_the_one_before_says_what_to_run(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["validate", "slots"]) == 1
    assert "Run `python -m stages download slots` first" in message(capsys)
    assert cli.main(["accept", "slots"]) == 1
    assert "Run `python -m stages validate slots` first" in message(capsys)


@pytest.mark.parametrize(("cut", "added", "says"), [(5, b"", "bytes, expected"), (5, b"none\n", "was changed: sha256")])
def test_damaged_raw_files_are_named(
    project: Path, capsys: pytest.CaptureFixture[str], cut: int, added: bytes, says: str
) -> None:
    cli.main(["download", "slots"])
    file = Path("data/raw/slots/train/seq.in")
    file.write_bytes(file.read_bytes()[:-cut] + added)
    assert cli.main(["validate", "slots"]) == 1
    found = message(capsys)
    assert str(file) in found
    assert says in found
    assert not Path("data/work/prepared/slots/card.json").exists()
    assert not Path("data/validated/slots").exists()
    assert cli.main(["download", "slots"]) == cli.main(["validate", "slots"]) == 0


def test_a_missing_raw_file_is_named(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["download", "slots"])
    Path("data/raw/slots/test/label").unlink()
    assert cli.main(["validate", "slots"]) == 1
    assert "data/raw/slots/test/label is missing" in message(capsys)


def test_raw_files_of_the_other_source_are_refused(
    project: Path, set_params: SetParams, capsys: pytest.CaptureFixture[str]
) -> None:
    cli.main(["download", "slots"])
    set_params(source="public")
    assert cli.main(["validate", "slots"]) == 1
    assert "holds the builtin source, params.yaml asks for public" in message(capsys)


@pytest.mark.parametrize("named_by", ["environment", "params.yaml"])
def test_a_mirror_that_does_not_exist_is_named(
    project: Path,
    set_params: SetParams,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    named_by: str,
) -> None:
    set_params(source="public", mirror="nowhere" if named_by == "params.yaml" else "elsewhere")
    if named_by == "environment":
        monkeypatch.setenv("DATA_MIRROR", "nowhere")
    assert cli.main(["download", "slots"]) == 1
    assert "mirror folder 'nowhere' does not exist" in message(capsys)
    assert not Path("data/raw/slots/manifest.json").exists()


def test_a_mirror_folder_is_meant_from_the_real_root(
    project: Path, set_params: SetParams, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DVC_ROOT", "/real/root")  # as DVC sets it, also in the copy of `dvc exp run --temp`
    set_params(source="public", mirror="../mirror")
    assert cli.main(["download", "slots"]) == 1
    assert "mirror folder '/real/root/../mirror' does not exist" in message(capsys)


def test_an_interrupt_ends_quietly(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(name: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setitem(cli.VERBS, "download", interrupted)
    assert cli.main(["download", "slots"]) == 130
    assert "interrupted" in message(capsys)


def test_the_command_itself_ends_with_its_exit_code(project: Path, set_params: SetParams) -> None:
    set_params(source="pubic")
    command = [sys.executable, "-m", "stages", "download", "slots"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert done.returncode == 1
    assert done.stderr == "download slots: data.source is 'pubic': choose from builtin, public\n"


def test_the_data_sets_are_named_as_their_folders() -> None:
    for name in datasets.names():
        dataset = datasets.find(name)
        assert dataset.name == name
        assert "id" in dataset.columns
        for file in dataset.origin.public:
            digest = file.sha256 if isinstance(file, PublicFile) else file.tree_sha256
            assert file.url.startswith("https://")
            assert re.fullmatch("[0-9a-f]{64}", digest)


# -- ATIS


@pytest.mark.mirror
@pytest.mark.skipif("DATA_MIRROR" not in os.environ, reason="DATA_MIRROR names no folder with published data")
def test_atis_passes_and_one_leak_more_does_not(
    tmp_path: Path, set_params: SetParams, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATA_MIRROR", str(Path(os.environ["DATA_MIRROR"]).absolute()))
    monkeypatch.chdir(tmp_path)
    set_params(source="public")
    for verb in ("download", "validate"):
        assert cli.main([verb, "slots"]) == 0
    tables = {split: pd.read_parquet(f"data/validated/slots/{split}.parquet") for split in ("train", "val", "test")}
    assert {split: len(table) for split, table in tables.items()} == {"train": 4478, "val": 500, "test": 893}
    tokens = {split: table["text"].str.split().map(len).sum() for split, table in tables.items()}
    assert tokens == {"train": 50497, "val": 5703, "test": 9164}

    new = tables["test"].index[~tables["test"]["text"].isin(tables["train"]["text"])][0]
    tables["test"].loc[new, ["text", "tags"]] = tables["train"].loc[0, ["text", "tags"]]
    facts = reader.read(Path("data/raw/slots")).facts
    leaking = replace(DATASET, read=lambda _: Prepared(tables, facts))
    monkeypatch.setattr(datasets, "find", lambda _: leaking)
    assert cli.main(["validate", "slots"]) == 1
    found = message(capsys)
    assert "table test: at most the 13 utterances known from publication are also in train" in found
    assert "14 rows fail" in found


def test_nothing_is_left_of_what_another_source_or_setting_made(project: Path) -> None:
    for folder in ("data/raw/slots", "data/work/prepared/slots/old", "data/validated/slots/old"):
        Path(folder).mkdir(parents=True)
        (Path(folder) / "left over.parquet").write_bytes(b"of an earlier run")
    assert cli.main(["download", "slots"]) == 0
    assert cli.main(["validate", "slots"]) == 0
    assert list(Path("data").rglob("left over*")) == []
    for folder in ("data/work/prepared/slots", "data/validated/slots"):
        assert {path.name for path in Path(folder).iterdir() if path.is_file()} == {
            *(f"{split}.parquet" for split in ("train", "val", "test")),
            "card.json",
        }
