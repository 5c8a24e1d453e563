"""JUnit XML that any viewer can read, and Markdown that shows data as they are; whatever is in the data."""

import re
import xml.etree.ElementTree as ET
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.checks.report import junit, markdown
from tests.stages.checks.results import entry, result


def read(xml: str) -> ET.Element:
    return ET.fromstring(xml.encode())  # noqa: S314 (it was written here)


def broken(text: str, rows: int = 1) -> dict[str, Any]:
    """A result with one failing rule, whose rows and words are `text`."""
    found = [{"id": row, "text": text} for row in range(rows)]
    return result(expectations=[entry(text, success=False, failing=rows, ids=list(range(rows)), rows=found)], rules=1)


def test_a_rule_is_a_case_and_the_counts_are_right() -> None:
    root = read(junit([result(), result(dataset="digits")], {"speech": "no card\nRun prepare."}))
    assert root.tag == "testsuites"
    assert root.attrib == {"name": "data", "tests": "7", "failures": "2", "errors": "1"}
    slots, _, speech = root
    assert slots.attrib == {"name": "slots (builtin)", "tests": "3", "failures": "1", "errors": "0"}
    assert [(case.get("classname"), case.get("name"), [part.tag for part in case]) for case in slots] == [
        ("slots.val", "no id is repeated", []),
        ("slots.val", "few intents", ["system-out"]),
        ("slots.val", "text is lower-case", ["failure"]),
    ]
    failure = slots[2][0]
    assert failure.attrib == {"message": "1 row", "type": "expect"}
    assert "id 7: text='<script>A</script>'" in str(failure.text)
    assert "found: 26" in str(slots[1][0].text)
    assert speech[0][0].attrib == {"message": "no card", "type": "error"}
    assert speech[0][0].text == "no card\nRun prepare."


@given(st.text(st.characters(codec=None, exclude_categories=[]), max_size=30))
def test_any_text_makes_xml_that_can_be_read(text: str) -> None:
    root = read(junit([broken(text)], {"speech": text}))
    assert [suite.get("tests") for suite in root] == ["1", "1"]


def test_control_characters_are_written_as_python_writes_them() -> None:
    root = read(junit([broken("a\0b\x1b[31m\ud800")], {}))
    assert root[0][0].get("name") == r"a\x00b\x1b[31m\ud800"


# -- Markdown


def test_the_summary_has_a_row_for_each_data_set_and_details_where_there_are_news() -> None:
    columns = [{"table": "val", "column": "text", "drift": far} for far in (0.0, 0.2)]
    drift = {"profile": "p.json", "warn": 0.1, "stop": 0.25, "differences": [], "columns": columns}
    good = result(dataset="digits", success=True, failed=0, warned=0, warnings=[], expectations=[], drift=drift)
    text = markdown([result(), good], {"speech": "no card"})
    assert "## Data checks: 2 data sets of 3 failed" in text
    assert "| slots | builtin | 1,234 | 3 | **1** | 1 | no profile |" in text
    assert "| digits | builtin | 1,234 | 3 | 0 | 0 | 1 of 2 measures |" in text
    assert "| speech | | | | could not be checked | | |" in text
    assert re.findall("(?m)^### (.*)", text) == ["slots (builtin)", "speech"]
    assert "- table val: text is lower-case" in text
    assert "warning: table val: few intents: 26" in text
    assert "data/validation/slots/docs/rules.html" in text


def test_the_summary_of_good_data_is_short() -> None:
    good = result(success=True, failed=0, warned=0, warnings=[], expectations=[])
    assert markdown([good], {}).startswith("## Data checks: all passed\n")
    assert "###" not in markdown([good], {})


@pytest.mark.parametrize("text", ["```\n# no heading", "<img src=x>", "`````", "| a | b |"])
def test_data_stay_within_their_fence(text: str) -> None:
    found = markdown([broken(text)], {})
    fence = re.search(r"(?m)^(`{3,})text$", found)
    assert fence
    inside = found.split(f"{fence[1]}text\n")[1]
    assert inside.split(f"\n{fence[1]}\n")[1] == ""
    assert fence[1] not in inside.split(f"\n{fence[1]}\n")[0]


def test_a_long_story_is_cut() -> None:
    found = markdown([broken("word " * 2000, rows=10)] * 3, {"speech": "line\n" * 10_000})
    assert len(found) < 45_000
    assert "the rest" in found
