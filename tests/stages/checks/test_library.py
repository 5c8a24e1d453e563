"""Great Expectations is imported without what no rule uses, and whoever asks for that later gets it."""

import subprocess
import sys
from pathlib import Path

import pytest

from stages.checks.library import deferred

ROOT = Path(__file__).parents[3]


def test_what_no_rule_uses_is_not_loaded() -> None:
    code = """
import sys
from stages.checks.library import gx, gxe
assert not {"scipy.stats", "altair"} & sys.modules.keys()
from great_expectations.expectations.core import expect_column_kl_divergence_to_be_less_than as module
assert round(module.stats.entropy([0.5, 0.5]), 3) == 0.693
import scipy.stats
assert scipy.stats.norm.cdf(0) == 0.5
"""
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_a_deferred_module_is_loaded_when_something_is_looked_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "late_module.py").write_text("VALUE = 3\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "late_module", raising=False)
    with deferred("late_module"):
        import late_module  # type: ignore[import-not-found]
    assert "late_module" not in sys.modules
    assert late_module.VALUE == 3
    assert sys.modules["late_module"].VALUE == 3
    with pytest.raises(AttributeError):
        _ = late_module.OTHER


def test_what_is_loaded_already_stays() -> None:
    with deferred("json"):
        assert sys.modules["json"].loads("1") == 1
