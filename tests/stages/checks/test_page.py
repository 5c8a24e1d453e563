"""The pages: what fails comes first, with its rows; data cannot become markup; nothing loads from the web."""

import re

import pytest

from stages.checks.page import all_page, rules_page
from tests.stages.checks.results import entry, result


def test_what_fails_comes_first_with_its_rows_then_what_is_warned_of() -> None:
    html = rules_page(result())
    assert "1 of 3 rules fails, 1 warning" in html
    assert "val 1,234" in html
    places = [html.index(text) for text in ("text is lower-case", "id 7: ", "few intents", "All rules")]
    assert places == sorted(places)
    assert html.index("All rules") < html.index("no id is repeated")
    assert len(re.findall(r"class='fails'>FAILS", html)) == len(re.findall(r"class='warns'>WARNING", html)) == 2


def test_a_page_without_trouble_says_so_once() -> None:
    expectations = [entry("no id is repeated")]
    html = rules_page(result(success=True, rules=1, failed=0, warned=0, warnings=[], expectations=expectations))
    assert '<span class="holds">all 1 rules hold</span>' in html
    for heading in ("What fails", "Set aside", "Quarantine"):
        assert heading not in html
    assert "No version was accepted yet" in html


def test_what_is_set_aside_is_listed_with_its_rules() -> None:
    rows = [{"table": "val", "id": 7, "rules": ["text is lower-case", "<b>"]}]
    html = rules_page(result(quarantined={"val": [7]}, quarantine={"limit": 0.1, "over": "", "rows": rows}))
    assert "1 row set aside" in html
    assert "<td>val</td><td>7</td><td>text is lower-case; &lt;b&gt;</td>" in html
    html = rules_page(result(quarantine={"limit": 0.1, "over": "9 of 40 rows of val", "rows": []}))
    assert "Too many rows: 9 of 40 rows of val." in html


@pytest.mark.parametrize(
    ("stop", "signs"), [(0.25, ["FAILS", "WARNING", "holds"]), (None, ["WARNING", "WARNING", "holds"])]
)
def test_drift_is_sorted_by_how_far_it_is(stop: float | None, signs: list[str]) -> None:
    columns = [
        {"table": "val", "column": name, "measure": "values", "stability_index": far, "by_chance": 0.0, "drift": far}
        for name, far in (("label", 0.05), ("<b>", 0.3), ("text", 0.2))
    ]
    accepted = {"profile": "stages/datasets/slots/profiles/builtin.json", "warn": 0.1, "stop": stop}
    drift = {**accepted, "differences": ["seed was 7, is 8"], "columns": columns}
    html = rules_page(result(drift=drift, expectations=[]))
    assert "stages/datasets/slots/profiles/builtin.json" in html
    assert "seed was 7, is 8" in html
    found = re.findall(r"<tr><td>val</td><td>(.*?)</td>.*?>(\w+)</td></tr>", html)
    assert found == list(zip(["&lt;b&gt;", "text", "label"], signs, strict=True))


def test_all_data_sets_are_listed_also_those_that_could_not_be_checked() -> None:
    html = all_page([result()], {"speech": "card.json does not exist <here>"})
    assert "<a href='slots/docs/rules.html'>slots</a>" in html
    assert "<td>1,234</td>" in html
    assert "card.json does not exist &lt;here&gt;" in html


@pytest.mark.parametrize("html", [rules_page(result()), all_page([result()], {})])
def test_data_cannot_become_markup_and_no_page_needs_the_network(html: str) -> None:
    assert "<script>" not in html
    assert not re.search(r"(src|href)=.?(https?:)?//", html)
    assert html.startswith("<!doctype html>")


def test_the_content_of_a_row_is_text() -> None:
    assert "&lt;script&gt;A" in rules_page(result())
