"""Tables of results in documents: written from ledgers, between markers, and checked."""

import dataclasses
import io
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageColor

from pipelines.__main__ import main
from pipelines.files import CODE
from pipelines.reporting import illustrations, ledger, markdown, plots, recording, results
from pipelines.reporting.ledger import Ledger, Record
from pipelines.reporting.markdown import Table
from tests.pipelines.reporting.test_recording import finished_run

PAGE = """# Recurrent networks

<!-- table
pipelines: [rnn-slots]
columns: {variant: variant, test_f1: test F1 (%)}
-->
what stood here
<!-- end of table -->

What is outside stays.

<!-- table
pipelines: [rnn-slots]
file: parts.csv
where: {part: [c]}
columns: {part: part, share: share}
formats: {share: .2f}
-->
<!-- end of table -->
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with one page, one finished run and no ledger yet."""
    shutil.copy(CODE / "params.yaml", tmp_path)
    page = tmp_path / "pipelines" / "rnn" / "README.md"
    page.parent.mkdir(parents=True)
    page.write_text(PAGE)
    finished_run(tmp_path / "data" / "models" / "rnn-slots")
    return tmp_path


def change_figure(root: Path) -> None:
    """Its run is made again, with another test F1."""
    folder = root / "data" / "models" / "rnn-slots"
    shutil.rmtree(folder)
    finished_run(folder, test_f1=91.2)


def test_recorded_runs_come_into_the_page_and_nothing_else_changes(root: Path) -> None:
    page = root / "pipelines" / "rnn" / "README.md"
    results.record([], root)
    results.write(root)
    text = page.read_text()
    assert "| variant | test F1 (%) |\n| --- | ---: |\n| gru | 91.14 |\n" in text
    assert "| part | share |\n| --- | ---: |\n| c | 0.75 |\n" in text
    assert "what stood here" not in text
    assert "What is outside stays." in text
    assert "14 s a run" in text
    assert "commit 83aef3f; `make repro`*" in text
    assert results.check(root) == 0


def test_only_rows_that_a_page_shows_are_recorded(root: Path) -> None:
    results.record([], root)
    (record,) = ledger.read(root / "pipelines" / "rnn" / "results.json").records
    assert record.tables == {"parts.csv": [{"part": "c", "share": "0.7500"}]}


def test_named_runs_alone_are_recorded_beside_what_is_there(root: Path) -> None:
    results.record([], root)
    results.record([finished_run(root / "brought", variant="lstm")], root)
    records = ledger.read(root / "pipelines" / "rnn" / "results.json").records
    assert [record.variant for record in records] == ["gru", "lstm"]


def test_a_page_that_was_edited_fails_the_check(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results.record([], root)
    results.write(root)
    page = root / "pipelines" / "rnn" / "README.md"
    page.write_text(page.read_text().replace("91.14", "95.00"))
    assert results.check(root) == 1
    assert "pipelines/rnn/README.md: not as the ledgers have it" in capsys.readouterr().err
    results.write(root)
    assert results.check(root) == 0


def test_other_figures_than_recorded_are_reported(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results.record([], root)
    assert results.compare(root) == 0
    change_figure(root)
    capsys.readouterr()
    assert results.compare(root) == 1
    assert "rnn-slots builtin gru test_f1: 91.14 recorded, 91.20 here" in capsys.readouterr().out


def test_on_another_kind_of_machine_figures_may_differ(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results.record([], root)
    change_figure(root)
    monkeypatch.setattr(recording, "machine", lambda _device: "another kind")
    assert results.compare(root) == 0


def test_without_runs_the_command_says_what_to_do(root: Path) -> None:
    shutil.rmtree(root / "data")
    with pytest.raises(ValueError, match="run `make repro` first"):
        results.record([], root)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("test_f1: test F1 (%)", "tset_f1: test F1 (%)", "no 'tset_f1' in the records of rnn-slots"),
        ("[rnn-slots]", "[rnn-slot]", "no record with rnn-slot, builtin data"),
        ("file:", "files:", "unknown key 'files' in table"),
        ("columns: {variant", "columns: {variant: [", "not YAML"),
    ],
)
def test_a_mistake_in_a_marker_names_the_page(root: Path, old: str, new: str, message: str) -> None:
    page = root / "pipelines" / "rnn" / "README.md"
    results.record([], root)
    page.write_text(PAGE.replace(old, new))
    with pytest.raises(ValueError, match=rf"pipelines/rnn/README.md: .*{message}"):
        results.check(root)


def test_a_marker_within_a_code_block_is_an_example(root: Path) -> None:
    (root / "README.md").write_text("    <!-- table\n    pipelines: [x]\n    -->\n    <!-- end of table -->\n")
    assert [page.name for page in results.pages(root)] == ["README.md"]
    assert results.pages(root)[0].parent.name == "rnn"


# -- tables


def lines(table: Table, *records: Record) -> list[str]:
    return markdown.of_records(table, Ledger({}, records))


def test_rows_are_sorted_by_the_number_that_a_cell_begins_with() -> None:
    records = [
        Record("a", variant=name, figures={"f1": f}) for name, f in (("x", "9.5 ± 0.1"), ("y", "10.25"), ("z", ""))
    ]
    table = Table(("a",), {"variant": "variant", "f1": "F1 (%)"}, sort="-f1")
    assert lines(table, *records)[2:5] == ["| y | 10.25 |", "| x | 9.5 ± 0.1 |", "| z |  |"]
    rising = dataclasses.replace(table, sort="f1")
    assert lines(rising, *records)[2:5] == ["| x | 9.5 ± 0.1 |", "| y | 10.25 |", "| z |  |"], "no number is last too"


def test_named_variants_come_in_their_order_and_must_be_there() -> None:
    records = [Record("a", variant=name, figures={"f1": "1"}) for name in "xyz"]
    table = Table(("a",), {"variant": "variant", "f1": "F1"}, variants=("z", "x"))
    assert lines(table, *records)[2:4] == ["| z | 1 |", "| x | 1 |"]
    with pytest.raises(ValueError, match="no record with a, builtin data, w"):
        lines(Table(("a",), {"f1": "F1"}, variants=("w",)), *records)


def test_records_with_other_settings_or_data_are_not_mixed_in() -> None:
    own = Record("a", variant="x", figures={"f1": "1"})
    others = [
        Record("a", variant="x", settings=("m=2",), figures={"f1": "2"}),
        Record("a", "public", figures={"f1": "3"}),
    ]
    assert lines(Table(("a",), {"f1": "F1"}), own, *others)[2:-2] == ["| 1 |"]
    assert lines(Table(("a",), {"f1": "F1"}, settings=("m=2",)), own, *others)[2:-2] == ["| 2 |"]


@pytest.mark.parametrize(
    ("cell", "form", "shown"),
    [
        ("4.8611", ".2f", "4.86"),
        ("82.6", ".2f", "82.6"),  # the ledger knows no more digits
        ("5.94944e-12", ".2g", "5.9e-12"),
        ("norm 15", ".2f", "norm 15"),
        ("", ".2f", ""),
    ],
)
def test_a_format_shortens_a_number_and_adds_no_digit(cell: str, form: str, shown: str) -> None:
    record = Record("a", tables={"t.csv": [{"name": "row", "value": cell}]})
    table = Table(
        ("a",), {"name": "name"} | ({"value": "value"} if cell else {}), file="t.csv", formats={"value": form}
    )
    assert lines(table, record)[2] == (f"| row | {shown} |" if cell else "| row |")


def test_under_a_table_stands_where_its_figures_come_from() -> None:
    records = [
        Record(
            "a",
            variant="x",
            figures={"f1": "1"},
            seconds=8.2,
            machine="2 cores, AVX2",
            commit="1",
            command="make repro",
        ),
        Record(
            "a",
            variant="y",
            figures={"f1": "2"},
            seconds=15.0,
            machine="2 cores, AVX2",
            commit="2",
            command="make repro",
        ),
    ]
    by_variant = {"variant": "variant", "f1": "F1"}
    origin = lines(Table(("a",), by_variant), *records)[-1]
    assert origin == "*1 seed each; 8 to 15 s a run; 2 cores, AVX2; commit 1 and commit 2; `make repro`*"
    origin = lines(Table(("a",), by_variant | {"seeds": "seeds", "seconds": "seconds"}), *records)[-1]
    assert origin.startswith("*2 cores, AVX2;"), "a column has them"


@pytest.mark.parametrize(
    ("file", "seeds", "seconds", "begin"),
    [
        ("", 1, 8.2, "*8 s a run"),  # no variants that it would be compared over
        ("", 3, 8.2, "*3 seeds each; 8 s a run"),
        ("", 1, 0.2, "*up to 1 s a run"),
        ("t.csv", 1, 8.2, "*from a run of 8 s"),  # what its rows are repeated over is not the run's seeds
        ("t.csv", 3, None, "*of the first seed; a machine"),
    ],
)
def test_under_a_table_stand_seeds_and_seconds_as_far_as_they_are_its_own(
    file: str, seeds: int, seconds: float | None, begin: str
) -> None:
    record = Record(
        "a",
        variant="x",
        seeds=seeds,
        seconds=seconds,
        machine="a machine",
        figures={"f1": "1"},
        tables={"t.csv": [{"f1": "1"}]},
    )
    assert lines(Table(("a",), {"f1": "F1"}, file=file), record)[-1].startswith(begin)


def test_the_overview_quotes_the_variant_that_is_best_on_val() -> None:
    title = {"task": "slots", "metric": "F1 (%)", "figure": "test_f1", "builtin": "a", "public": "b", "section": "s"}
    records = (
        Record("rnn-slots", variant="lucky", figures={"val_f1": "89", "test_f1": "99"}),
        Record("rnn-slots", variant="best", figures={"val_f1": "90", "test_f1": "91"}),
        Record("rnn-slots", variant="best", settings=("m=1",), figures={"val_f1": "95", "test_f1": "96"}),
        Record("rnn-slots", "public", "first", figures={"test_f1": "50.0 ± 0.1"}),
        Record("rnn-slots", "public", "second", figures={"test_f1": "60.0"}),
    )
    (row,) = markdown.overview(Ledger({"rnn-slots": title}, records))[2:]
    assert row == "| slots | a / b | F1 (%): 91 / 50.0 ± 0.1 | [rnn-slots](pipelines/rnn/README.md#s) |"


@pytest.mark.parametrize(
    ("builtin", "public", "changes", "shown"),
    [
        ("0.4428", "0.040 ± 0.004", {}, "a / b | MSE: 0.443 / 0.040 ± 0.004"),
        ("1,234.56 ± 0.06", "0.5", {}, "a / b | MSE: 1,234.6 ± 0.1 / 0.5"),
        ("3", "0.51", {}, "a / b | MSE: 3 / 0.51"),
        ("0.00612", "0.191", {"public_metric": "errors (%)"}, "a / b | MSE: 0.00612 / errors (%): 0.191"),
        ("0.52", "", {}, "a / b | MSE: 0.52 / \N{EN DASH}"),
        ("0.52", "0.52", {"public": ""}, "a / \N{EN DASH} | MSE: 0.52 / \N{EN DASH}"),
    ],
)
def test_the_overview_has_two_results_in_one_cell(
    builtin: str, public: str, changes: dict[str, str], shown: str
) -> None:
    """With the same decimals where they are the same figure, and a dash for one that there is not."""
    title = {"task": "t", "metric": "MSE", "figure": "test_mse", "builtin": "a", "public": "b", "section": "s"}
    records = [Record("rnn-slots", figures={"test_mse": builtin})]
    if public:
        records.append(Record("rnn-slots", "public", figures={"test_mse": public}))
    (row,) = markdown.overview(Ledger({"rnn-slots": title | changes}, tuple(records)))[2:]
    assert row == f"| t | {shown} | [rnn-slots](pipelines/rnn/README.md#s) |"


# -- pictures and the command line


def test_pictures_that_documents_link_to_are_copied_small(root: Path) -> None:
    reports = root / "data" / "reports" / "rnn-slots" / "pictures"
    reports.mkdir(parents=True)
    Image.effect_noise((1600, 900), 40).convert("RGB").resize((1600, 900)).save(reports / "noise.png")
    Image.new("RGB", (1600, 900), "white").save(reports / "curves.png")
    document = root / "README.md"
    document.write_text("![curves](docs/pictures/rnn-slots/curves.png)\n![no](docs/pictures/rnn-waveform/other.png)\n")
    made = illustrations.refresh([document], root, root / "data" / "reports")
    assert made == [root / "docs" / "pictures" / "rnn-slots" / "curves.png"]
    with Image.open(made[0]) as picture:
        assert picture.size == (800, 450)
    document.write_text("![noise](docs/pictures/rnn-slots/noise.png)")
    with pytest.raises(ValueError, match=r"takes .* bytes at 800 pixels: at most 60,000"):
        illustrations.refresh([document], root, root / "data" / "reports")
    document.write_text("![gone](docs/pictures/rnn-slots/gone.png)")
    with pytest.raises(ValueError, match=r"no picture gone.png in .*, which a document links to"):
        illustrations.refresh([document], root, root / "data" / "reports")


def test_thin_lines_keep_their_colours_in_a_small_picture(tmp_path: Path) -> None:
    """Lines of two pixels on a white page: after scaling each has the colour that it has without a palette."""
    page = Image.new("RGB", (1600, 900), "white")
    for number, hue in enumerate(plots.HUES):
        page.paste(Image.new("RGB", (1600, 4), hue), (0, 100 * number))
    page.save(tmp_path / "lines.png")
    with Image.open(io.BytesIO(illustrations.small(tmp_path / "lines.png"))) as picture:
        rows = [picture.convert("RGB").getpixel((400, 50 * number + 1)) for number in range(len(plots.HUES))]
    expected = [ImageColor.getrgb(hue) for hue in plots.HUES]
    assert np.abs(np.array(rows, float) - expected).max() < 40, "those of two hues differ by more"
    assert len(set(rows)) == len(plots.HUES)


def test_the_command_checks_this_project(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["results", "--check"]) == 0
    assert "documents are as the ledgers have them" in capsys.readouterr().out
