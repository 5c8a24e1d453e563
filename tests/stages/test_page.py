"""The page of rules: what fails comes first, with its rows; data cannot become markup; nothing loads from the web."""

import re
from typing import Any

from stages.page import rules_page


def outcome(rule: str, *, success: bool, rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {"table": "val", "rule": rule, "success": success, "observed": None, "failing": len(rows), "rows": rows}


def page() -> str:
    outcomes = [
        outcome("no id is repeated", success=True, rows=[]),
        outcome("text is lower-case", success=False, rows=[{"id": 7, "text": "<script>A</script>"}]),
    ]
    counts = {"rules": 2, "failed": 1, "rows": {"val": 1234}}
    return rules_page({"dataset": "slots", "source": "builtin", "expectations": outcomes, **counts})


def test_what_fails_comes_first_with_its_rows() -> None:
    html = page()
    assert "1 of 2 rules fail" in html
    assert "val 1,234" in html
    assert html.index("text is lower-case") < html.index("id=7") < html.index("no id is repeated")


def test_data_cannot_become_markup() -> None:
    assert "<script>" not in page()
    assert "&lt;script&gt;A" in page()


def test_the_page_needs_no_network() -> None:
    assert not re.search(r"(src|href)=.?(https?:)?//", page())
