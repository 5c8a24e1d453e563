"""What the documents say is true: commands run, links lead somewhere, figures are those of the ledgers.

A command in a `console` block is run here, and what the block shows of its output is compared; `...` stands for any
lines. One that takes long or needs a trained model carries a comment with the reason before its block, which readers of
the page do not see: `<!-- not run: trains -->`.
"""

import doctest
import itertools
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from pipelines import settings, task
from pipelines.__main__ import main as pipelines_main
from pipelines.reporting import illustrations, ledger, results
from stages.__main__ import EDITS, VERBS

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = [*results.documents(ROOT), ROOT / "data" / "README.md"]
PAGES = [path for path in DOCUMENTS if path.parent.parent == ROOT / "pipelines"]

BLOCK = re.compile(
    r"(?:<!-- not run: (?P<reason>[^>]+?) -->\n+)?^```console\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE
)
FENCE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\((?P<path>[^)#\s]*)(?:#(?P<section>[^)\s]*))?\)")
CODE = re.compile(r"`([^`\n]+)`")
FIGURE = re.compile(r"\d+(?:\.\d+)? %|(?<![\w.])\d+\.\d+(?!\.?\w)")

# What is run: commands that take seconds and change nothing.
RUN = re.compile(r"python -m pipelines (show|fit|results --check|--help)|dvc dag|python -m stages --help")
# Figures in the text of a family's page that no run of this project measured.
KNOWN = {
    "0.1": "a setting",
    "0.001": "the setting of Le et al. (2015)",
    "0.03": "Le et al. (2015)",
    "0.007": "Koutnik et al. (2014)",
    "0.04": "Koutnik et al. (2014)",
    "0.46": "Koutnik et al. (2014)",
    "2.3026": "log 10, the loss of guessing among ten",
    "94 %": "what others get on CIFAR-10",
    "95 %": "the level of an interval",
    "1.5": "an example of a ratio",
    "80.9 %": "the best rule for two known Gaussians, computed",
}


class Command(NamedTuple):
    document: Path
    line: str
    output: str  # as the block shows it; '' for none
    reason: str  # why it is not run


def commands(document: Path) -> Iterator[Command]:
    for block in BLOCK.finditer(document.read_text(encoding="utf-8")):
        for part in re.split(r"^\$ ", block["text"], flags=re.MULTILINE)[1:]:
            line, _, output = part.partition("\n")
            yield Command(document, line, output, block["reason"] or "")


def prose(document: Path) -> str:
    """The text of a document without what is between markers, code and comments."""
    text = results.MARKED.sub("", document.read_text(encoding="utf-8"))
    text = re.sub(r"<!--.*?-->", "", FENCE.sub("", text), flags=re.DOTALL)
    return CODE.sub("", text)


def sections(document: Path) -> set[str]:
    """The headings, as GitHub links to them."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", document.read_text(encoding="utf-8")), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def name(document: Path) -> str:
    return document.relative_to(ROOT).as_posix()


TRIED = [command for document in DOCUMENTS for command in commands(document) if not command.reason]


@pytest.mark.parametrize("command", TRIED, ids=[f"{name(c.document)}: {c.line}" for c in TRIED])
def test_a_command_in_a_document_does_what_the_document_shows(command: Command, tmp_path: Path) -> None:
    assert RUN.match(command.line), "it is not one that is run here: a reason must stand before its block"
    (tmp_path / "heights.csv").write_text("height\n" + "\n".join(str(160 + 7 * k % 31) for k in range(40)))
    words = [str(tmp_path / word) if (tmp_path / word).is_file() else word for word in command.line.split()]
    programs = {"python": [sys.executable], "dvc": [sys.executable, "-m", "dvc"]}
    environment = os.environ | {"DVC_NO_ANALYTICS": "1", "COLUMNS": "120"}
    found = subprocess.run(
        [*programs[words[0]], *words[1:]], capture_output=True, text=True, cwd=ROOT, env=environment, check=False
    )
    assert found.returncode == 0, found.stderr
    if command.output.strip():
        same = doctest.OutputChecker().check_output(command.output, found.stdout, doctest.ELLIPSIS)
        assert same, found.stdout


def test_commands_of_every_kind_are_run() -> None:
    lines = [command.line for command in TRIED]
    kinds = ("python -m pipelines results --check", "python -m pipelines show", "python -m pipelines fit", "dvc dag")
    for kind in kinds:
        assert any(line.startswith(kind) for line in lines), kind


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_links_lead_to_files_and_sections_that_exist(document: Path) -> None:
    for link in LINK.finditer(FENCE.sub("", document.read_text(encoding="utf-8"))):
        if link["path"].startswith(("http://", "https://")):
            continue
        target = (document.parent / link["path"]).resolve() if link["path"] else document
        assert target.exists(), link[0]
        if link["section"]:
            assert link["section"] in sections(target), link[0]


@pytest.mark.parametrize("document", [path for path in DOCUMENTS if path.name != "CHANGELOG.md"], ids=name)
def test_files_and_stages_that_a_document_names_exist(document: Path) -> None:
    families = settings.tasks_of_families()
    stages = {f"{n.replace('-', '@', 1)}" for n in settings.names(ROOT / "params.yaml")}
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    for code in CODE.findall(FENCE.sub("", document.read_text(encoding="utf-8"))):
        if re.fullmatch(r"(stages|pipelines|tests|docs)/[\w/]+(/|\.py|\.md|\.yaml|\.json)", code):
            assert (ROOT / code).exists(), code
        if re.fullmatch(rf"({'|'.join(families)})@[\w-]+", code):
            assert code in stages, code
        if found := re.match(r"make ([a-z][\w-]*)", code):
            assert found[1] in targets, code


def test_commands_that_a_document_names_exist(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        pipelines_main(["--help"])
    verbs = {
        "pipelines": re.findall(r"^ {4}(\w+)", capsys.readouterr().out, flags=re.MULTILINE),
        "stages": [*VERBS, *EDITS],
    }
    for document in DOCUMENTS:
        if document.name != "CHANGELOG.md":
            named = re.findall(r"python -m (stages|pipelines) ([a-z]+)", document.read_text(encoding="utf-8"))
            assert [found for found in named if found[1] not in verbs[found[0]]] == [], name(document)


def test_results_are_as_the_ledgers_have_them() -> None:
    assert [name(page) for page in results.differing(ROOT)] == []


def test_every_pipeline_has_a_result() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [pipeline for pipeline in settings.names(ROOT / "params.yaml") if f"[{pipeline}](" not in text] == []


def with_overrides(options: list[str]) -> Any:
    """params.yaml with what `dvc exp run -S` is given: `++` sets any key, without it a key must be there."""
    content = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    for option in options:
        path, _, value = option.removeprefix("++").partition("=")
        *sections, last = path.split(".")
        section = content
        for key in sections:
            section = section.setdefault(key, {}) if option.startswith("++") else section[key]
        assert option.startswith("++") or last in section, option
        section[last] = yaml.safe_load(value)
    return content


def values_of(option: str) -> list[str]:
    """An option with each of its values: `--queue -S x=1,2` is an experiment with x=1 and one with x=2."""
    key, _, values = option.partition("=")
    return [f"{key}={value}" for value in values.split(",")]


RECORDED = sorted(
    {
        (record.pipeline, record.variant, record.command)
        for page in PAGES
        for record in ledger.read(page.with_name(ledger.NAME)).records
        if record.command.startswith("dvc exp run")
    }
)


@pytest.mark.parametrize(("pipeline", "variant", "command"), RECORDED, ids=[f"{p}-{v}" for p, v, _ in RECORDED])
def test_the_command_of_a_record_trains_its_variant(pipeline: str, variant: str, command: str, tmp_path: Path) -> None:
    words = shlex.split(command)
    options = [after for word, after in itertools.pairwise(words) if word == "-S"]
    pipeline = pipeline.partition(",")[0]
    assert words[-1] == pipeline.replace("-", "@", 1)
    for chosen in itertools.product(*map(values_of, options)) if "--queue" in words else [options]:
        (tmp_path / "params.yaml").write_text(yaml.safe_dump(with_overrides(list(chosen))))
        loaded = settings.load_pipeline(pipeline, tmp_path / "params.yaml")
        assert loaded.variants[variant].seeds > 0
        assert task.find(loaded.family, loaded.task).resolve(loaded.run(variant)).variant == variant


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_no_figure_of_a_result_is_typed(page: Path) -> None:
    assert [figure for figure in FIGURE.findall(prose(page)) if figure not in KNOWN] == []


def test_every_family_has_a_page_and_every_task_is_on_it() -> None:
    for family, tasks in settings.tasks_of_families().items():
        text = (ROOT / "pipelines" / family / "README.md").read_text(encoding="utf-8")
        assert [task for task in tasks if f"{family}-{task.replace('_', '-')}" not in text] == [], family


def test_the_readme_is_a_first_screen() -> None:
    assert (ROOT / "README.md").stat().st_size <= 7000


def test_pictures_are_small_and_all_of_them_are_shown() -> None:
    shown = {
        (document.parent / link["path"]).resolve()
        for document in DOCUMENTS
        for link in LINK.finditer(document.read_text(encoding="utf-8"))
    }
    pictures = [path for path in (ROOT / "docs" / "pictures").rglob("*") if path.is_file()]
    assert [name(path) for path in pictures if path not in shown] == []
    assert [name(path) for path in pictures if path.stat().st_size > illustrations.LARGEST] == []


def test_sizes_of_public_data_are_those_of_the_accepted_profiles() -> None:
    text = (ROOT / "stages" / "README.md").read_text(encoding="utf-8")
    for profile in sorted((ROOT / "stages").rglob("public.json")):
        found = json.loads(profile.read_text(encoding="utf-8"))
        rows = {table: f"{count:,}" for table, count in found["rows"].items()}
        parts = {table.rpartition("-")[0] for table in rows if table.rpartition("-")[2] in ("train", "val", "test")}
        for part in parts:
            prefix = f"{part}-" if part else ""
            sizes = " / ".join(rows[f"{prefix}{split}"] for split in ("train", "val", "test"))
            assert f"| {sizes} |" in text, found["dataset"]


def test_a_document_makes_no_stage_run_again() -> None:
    files = [name(path) for page in PAGES for path in (page, page.with_name("results.json"))]
    command = [sys.executable, "-m", "dvc", "check-ignore", *files]
    found = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert found.stdout.split() == files
