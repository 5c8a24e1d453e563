"""`python -m pipelines fit`: its output for a column, and its errors, with exit status 1."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from pipelines.__main__ import main


def write(folder: Path, content: str) -> str:
    path = folder / "column.csv"
    path.write_text(content, encoding="utf-8")
    return str(path)


def test_a_normal_column_and_its_intervals(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    values = stats.norm.ppf((np.arange(40) + 0.5) / 40, 5, 2)
    file = write(tmp_path, "who,speed\n" + "".join(f"x,{value!r}\n" for value in map(float, values)))
    assert main(["fit", file, "--level", "0.9"]) == 0
    printed = capsys.readouterr().out
    low, high = stats.t.interval(0.9, 39, values.mean(), stats.sem(values))
    assert f"speed: 40 values\nmean       {values.mean():.6g}  (90%: {low:.5g} to {high:.5g})\n" in printed
    assert f"deviation  {values.std():.6g} (1/n), {values.std(ddof=1):.6g} (1/(n-1))  (90%: " in printed
    assert f"variance   {values.var():.6g} (1/n), {values.var(ddof=1):.6g} (1/(n-1))\n" in printed
    assert "No evidence against a normal distribution in 40 values." in printed


def test_gross_errors_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    values = [*stats.norm.ppf((np.arange(40) + 0.5) / 40, 25, 5), -44.0]
    assert main(["fit", write(tmp_path, "time\n" + "\n".join(f"{value:.4f}" for value in values))]) == 0
    assert "Normal but for one gross error among 41 values: -44." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        ("a\n1\n", [], "1 value shows no spread"),
        ("a\n2\n2\n2\n", [], "all 3 values are 2: without spread there is no interval"),
        ("a\n1\ninf\n", [], "line 3 of FILE, column 'a', is 'inf': expected a finite number"),
        ("a\n1\nmany\n", [], "line 3 of FILE, column 'a', is 'many': expected a number"),
        ("a,b\nx,y\n", [], "FILE has 0 columns of numbers: name one of a, b by --column"),
        ("", [], "FILE is empty"),
        ("a\n", [], "FILE has the columns a and no number in 'a'"),
        ("a,b\n1,2\n", [], "FILE has 2 columns of numbers: name one of a, b by --column"),
        ("a,b\n1,2\n", ["--column", "c"], "FILE has no column 'c': it has a, b"),
        ("a,b\n1,2\n", ["--column", "3"], "FILE has no column '3': it has a, b"),
        ("a\n43,260\n41,775\n", [], "line 2 of FILE is '43,260' below 'a': commas for thousands, decimal commas, or"),
        ("a,b\n1,2,3\n", ["--column", "a"], "line 2 of FILE is '1,2,3': 3 cells, ',' separated, where the table has 2"),
        ("a\n1\n2\n", ["--header-line", "7"], "FILE has no line 7"),
        ("a\n1\n2\n", ["--level", "95"], "level is 95.0: expected a share such as 0.95"),
    ],
)
def test_bad_columns_end_with_one_message(
    content: str, options: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path, content)
    assert main(["fit", file, *options]) == 1
    printed = capsys.readouterr()
    *notes, error = printed.err.splitlines()
    assert error.startswith(f"error: {message.replace('FILE', file)}")
    assert printed.out == ""
    assert all(note.startswith("read as: ") for note in notes)
    assert len(notes) <= 1


def test_a_file_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fit", str(tmp_path / "none.csv")]) == 1
    assert "none.csv cannot be read: No such file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "options", "note"),
    [
        ("a;b\n1,5;x\n2,5;y\n", [], "read as: ';' separated, decimal comma"),
        ("a\n1.5\n\n2.5\n", [], "read as: one column, 1 empty row left out, decimal point"),
        ("b,a,\n9,1.5,\n9,2.5,\n", ["--column", "2"], "read as: ',' separated, empty cells at line ends left out"),
        ("1.5\n2.5\n", [], "read as: one column, no header"),
        ("a\n1.5\n?\n2.5\n", [], "read as: one column, decimal point, 1 missing value (line 3) in 'a'"),
        ("a\n1,5\n2,5\n", ["--decimal", ","], "read as: one column, decimal comma"),
        ("x\n\nb;a\n9;1.5\n9;2.5\n", ["--column", "a", "--header-line", "3"], "read as: ';' separated"),
    ],
)
def test_how_a_table_was_read_is_reported(
    content: str, options: list[str], note: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fit", write(tmp_path, content), *options]) == 0
    printed = capsys.readouterr()
    assert printed.err.startswith(note)
    assert "2 values\nmean       2 " in printed.out


def test_a_reader_that_has_seen_enough_is_no_error(tmp_path: Path) -> None:
    """As `| head` does: the pipe is closed before anything is written."""
    file = write(tmp_path, "a\n1\n2\n4\n")
    command = [sys.executable, "-m", "pipelines", "fit", file]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        errors = process.stderr.read()
    assert (process.returncode, errors) == (128 + signal.SIGPIPE, b"read as: one column\n")


def test_a_pipe_that_breaks_elsewhere_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that died, say, while the output is read on."""

    def broken(_options: object) -> None:
        raise BrokenPipeError(32, "Broken pipe")

    with Path(os.devnull).open("w") as output:
        monkeypatch.setattr("sys.stdout", output)
        monkeypatch.setattr("pipelines.__main__._fit", broken)
        assert main(["fit", "column.csv"]) == 1
