"""The Data Docs where the disk lets nothing be written: Great Expectations logs such errors, and goes on."""

from pathlib import Path

import pandas as pd
import pytest

from stages.checks.expectations import Runner
from stages.dataset import Suite
from stages.errors import StageError
from stages.rules.vocabulary import unique


def test_docs_that_cannot_be_written_are_one_error(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "validations").write_text("a file where a folder must be")
    runner = Runner(docs)
    rows = pd.DataFrame({"id": ["a", "b"], "text": ["x", "y"]})
    (outcome,) = runner.run("content", [Suite("train", rows, [unique("text", "no text is repeated")])], ["text"])
    assert outcome.success
    with pytest.raises(StageError, match=r"could not write .*docs: .*run the command again"):
        runner.build_docs()
    assert not docs.exists()
    assert "Traceback" not in caplog.text
    assert "Traceback" not in "".join(capsys.readouterr())
