"""A small part of `make fuzz`: some cases of each target, all in which a fault was found, and the limits themselves."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fuzz import cases, table
from tests.fuzz.found import FOUND
from tests.fuzz.targets import TARGETS, Target

pytestmark = pytest.mark.slow
CASES = 50


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    import torch

    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize("name", TARGETS)
def test_damaged_inputs_are_read_or_refused(name: str, tmp_path: Path) -> None:
    target = cases.made(name, tmp_path)
    for sample, content in target.samples.items():
        if content:
            assert cases.asked(target, sample, content) == (True, "")
    result = cases.run(target, 0, range(CASES))
    assert (result.cases, result.findings) == (CASES, {})
    for sample, content in FOUND.get(name, ()):
        assert cases.asked(target, sample, content)[1] == ""


def _refuses(_name: str, content: bytes) -> None:
    if content.startswith(b"unnamed"):
        raise ValueError("this")
    if content.startswith(b"wrong"):
        raise KeyError("FILE")
    if content.startswith(b"library"):
        content.decode("utf-16")
    while content.startswith(b"hangs"):
        pass
    if content.startswith(b"large"):
        bytearray(2 << 30)
    raise ValueError("FILE is not right")


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"unnamed", "ValueError that does not name its input"),
        (b"wrong", "KeyError at tests/test_fuzz.py"),
        (b"library", "UnicodeDecodeError of a library"),
        (b"hangs", "Hang at tests/test_fuzz.py"),
        (b"large", "MemoryError at tests/test_fuzz.py"),
        (b"right", ""),
    ],
)
def test_faults_are_seen(content: bytes, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cases, "LIMIT_S", 0.1)
    target = Target({"a": content}, _refuses, named="FILE")
    monkeypatch.setattr(Target, "case", lambda _self, _seed, _number: ("a", content))
    findings = cases.run(target, 0, range(2)).findings
    assert [found[: len(fault)] for found in findings] == ([fault] if fault else [])
    assert list(findings.values()) == ([(0, 2)] if fault else [])


def test_cases_are_the_same_again(tmp_path: Path) -> None:
    target = TARGETS["trees"](tmp_path)
    assert [target.case(1, number) for number in range(20)] == [target.case(1, number) for number in range(20)]
    assert len({target.case(seed, number) for number in range(20) for seed in (1, 2)}) > 30


def test_the_table_has_a_row_for_a_target(tmp_path: Path) -> None:
    document = tmp_path / "page.md"
    document.write_text(f"before\n{table.BEGIN}\nold\n{table.END}\nafter\n")
    record = {"cases": 20000, "read": 5, "findings": {}, "slowest_s": 0.123, "peak_bytes": 3 << 20}
    table.write({"trees": record}, {"trees": [("lines", b"(")]}, document)
    assert document.read_text().splitlines()[3:-3] == [*table.HEAD, "| trees | 20,000 | 5 | 0 | 1 | 0.12 | 3 |"]
