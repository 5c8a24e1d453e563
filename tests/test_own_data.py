"""A user's own data, from files as people have them to a model that answers a typed input right."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from pipelines import task
from pipelines.runs.standalone import PrintedLog
from pipelines.settings import load_pipeline
from pipelines.tables import tables_of
from stages import __main__ as stages
from tests.stages.formats import files

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.slow


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder with the true params.yaml."""
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_bytes((ROOT / "params.yaml").read_bytes())
    torch.set_num_threads(1)
    return tmp_path


def trained(kind: str, path: Path, variant: str, *arguments: str, epochs: int | None = None) -> Any:
    """The predictor of a variant of the pipeline that `add` writes, after validation and training."""
    assert stages.main(["add", "mine", kind, str(path), *arguments]) == 0
    assert stages.main(["validate", "mine"]) == 0
    pipeline = load_pipeline("mine")
    run = pipeline.run(variant)
    if epochs:
        run = dataclasses.replace(run, training={**run.training, "epochs": epochs})
    found = task.find(pipeline.family, pipeline.task)
    out = Path("out", run.name)
    out.mkdir(parents=True)
    found.trainer.train(found.resolve(run), tables_of("mine"), out, PrintedLog(run.name, 0.0))
    return found.predictor(out / "model.safetensors")


def test_three_classes_of_a_table_by_excel(project: Path) -> None:
    files.write_reviews(project / "hotel.csv", 450)
    answers = trained("labelled", project / "hotel.csv", "lstm", epochs=5)(
        ["The view was AWFUL, cold.", "The meal was usual, plain", "the staff was lovely, lovely"]
    )
    assert [answer["label"] for answer in answers] == ["déçu", "neutre", "satisfait"]


def test_a_tagger_of_capitals(project: Path) -> None:
    files.write_names(project / "ner")
    (answer,) = trained("tagged", project / "ner", "lstm", epochs=8)(["Ann lives in New York."])
    assert answer["words"] == ["Ann", "lives", "in", "New", "York", "."]
    assert answer["slots"] == ["PER: Ann", "LOC: New York"]


def test_translations_without_names_of_columns(project: Path) -> None:
    files.write_pairs(project / "pairs.tsv")
    (answer,) = trained("pairs", project / "pairs.tsv", "attention", epochs=12)(["Every dog sees this cat."])
    assert answer["translation"] == "Jeder Hund sieht Katze."


def test_a_model_of_plain_text(project: Path) -> None:
    files.write_texts(project / "prose")
    (answer,) = trained("text", project / "prose", "lstm", epochs=10)(["the dog sees the"])
    assert answer["perplexity"] < 60


def test_key_phrases_of_documents(project: Path) -> None:
    files.write_key_phrases(project / "keys")
    predictor = trained("key-phrases", project / "keys", "lstm", epochs=15)
    (answer,) = predictor(["Here graph theory matters. As for queues, it is known since 7."])
    assert answer["key_terms"] == ["graph theory"]


def test_trees_over_several_files(project: Path) -> None:
    files.write_trees(project / "trees")
    (answer,) = trained("trees", project / "trees", "attention", epochs=15)(["Ann likes a tree ."])
    assert answer["tree"] == "(S (NP (NNP Ann)) (VP (VBZ likes) (NP (DT a) (NN tree))) (. .))"


def test_pictures_of_any_size(project: Path) -> None:
    files.write_pictures(project / "pictures")
    predictor = trained("pictures", project / "pictures", "random", epochs=20)
    texts = list(predictor.inputs([str(file) for file in sorted((project / "pictures" / "top").iterdir())[:4]]))
    assert [answer["classes"][0]["class"] for answer in predictor(texts)] == ["top"] * 4


def test_recordings_of_several_rates(project: Path) -> None:
    files.write_recordings(project / "voices")
    predictor = trained("recordings", project / "voices", "lstm", epochs=25)
    clip = project / "voices" / "clips" / "clip_004.mp3"
    said = (project / "voices" / "validated.tsv").read_text().splitlines()[5].split("\t")
    (text,) = predictor.inputs([str(clip)])
    assert (predictor([text])[0]["text"], said[1]) == (said[2].lower().strip("!"), clip.name)


def test_cases_with_decimal_commas(project: Path) -> None:
    files.write_cases(project / "plants.csv")
    options = ("--column", "label=Art", "--option", "features=[Breite, Höhe]")
    predictor = trained("cases", project / "plants.csv", "shared", *options)
    answers = predictor(["Breite=2 Höhe=9", "Breite=6 Höhe=3"])
    assert [answer["label"] for answer in answers] == ["rot", "blau"]


def test_columns_of_numbers_become_a_report(project: Path) -> None:
    files.write_cases(project / "plants.csv")
    assert stages.main(["add", "mine", "numbers", str(project / "plants.csv"), "--option", "features=[Breite]"]) == 0
    assert stages.main(["validate", "mine"]) == 0
    run = load_pipeline("mine").runs[0]
    run = dataclasses.replace(run, training={"samples": 300})
    found = task.find("gaussian", "mle")
    found.trainer.train(found.resolve(run), tables_of("mine"), project, PrintedLog(run.name, 0.0))
    assert "numbers / Breite" in (project / "report.md").read_text()


@pytest.mark.parametrize("write", [files.write_reviews])
def test_data_that_are_too_few_stop_before_training(project: Path, write: Callable[..., None], capsys: Any) -> None:
    write(project / "few.csv", 12)
    assert stages.main(["add", "mine", "labelled", str(project / "few.csv")]) == 0
    assert stages.main(["validate", "mine"]) == 1
    assert "train has at least 20 texts: fewer are too few for what is asked" in capsys.readouterr().err
    with pytest.raises(ValueError, match=r"no validated data set 'mine' in .*: run `dvc repro own@mine` first"):
        tables_of("mine")
