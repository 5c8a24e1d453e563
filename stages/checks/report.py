"""The results of all data sets, for machines and reviewers: JUnit XML, and Markdown for a pull request."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence

from stages.checks.result import Entry, Result, complaint, counted, failures, report_text

# What XML 1.0 cannot hold, not even escaped.
_NO_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LONGEST = 10_000  # characters of the summary on one data set; GitHub shows a megabyte in all


def junit(results: Sequence[Result], errors: Mapping[str, str]) -> str:
    """JUnit XML: a suite for each data set, a case for each rule; a warning passes with its text.

    `errors` has the data sets that could not be checked, with the reason.
    """
    suites = ET.Element("testsuites", name="data")
    for result in results:
        entries = result["expectations"]
        suite = ET.SubElement(
            suites,
            "testsuite",
            name=f"{result['dataset']} ({result['source']})",
            tests=str(len(entries)),
            failures=str(len(failures(result))),
            errors="0",
        )
        for entry in entries:
            _case(suite, result["dataset"], entry)
    for name, error in errors.items():
        suite = ET.SubElement(suites, "testsuite", name=name, tests="1", failures="0", errors="1")
        case = ET.SubElement(suite, "testcase", classname=name, name="the data set can be checked")
        found = ET.SubElement(case, "error", message=_xml(error.partition("\n")[0]), type="error")
        found.text = _xml(error)
    for count in ("tests", "failures", "errors"):
        suites.set(count, str(sum(int(suite.get(count, "0")) for suite in suites)))
    ET.indent(suites)
    return ET.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def _case(suite: ET.Element, dataset: str, entry: Entry) -> None:
    case = ET.SubElement(suite, "testcase", classname=_xml(f"{dataset}.{entry['table']}"), name=_xml(entry["rule"]))
    if entry["success"]:
        return
    if entry["severity"] == "critical":
        found = ET.SubElement(case, "failure", message=_xml(_in_short(entry)), type=entry["expectation"])
    else:
        found = ET.SubElement(case, "system-out")
    found.text = _xml(complaint(entry))


def _in_short(entry: Entry) -> str:
    return counted(entry["failing"], "row") if entry["observed"] is None else f"found {entry['observed']}"


def _xml(text: str) -> str:
    """Text that XML can hold: other characters are written as Python escapes."""
    return _NO_XML.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


# -- Markdown


def markdown(results: Sequence[Result], errors: Mapping[str, str]) -> str:
    """A table of the data sets, then failures, warnings, and the data sets that could not be checked."""
    bad = [*(result["dataset"] for result in results if not result["success"]), *errors]
    failed = f"{counted(len(bad), 'data set')} of {len(results) + len(errors)} failed"
    parts = [
        f"## Data checks: {failed if bad else 'all passed'}\n",
        "| data set | source | rows | rules | failed | warnings | drift |",
        "| --- | --- | ---: | ---: | ---: | ---: | --- |",
        *map(_row, results),
        *(f"| {name} | | | | could not be checked | | |" for name in errors),
    ]
    found = {f"{result['dataset']} ({result['source']})": report_text(result) for result in results if _is_news(result)}
    parts += [_details(name, text) for name, text in {**found, **errors}.items()]
    return "\n".join(parts) + "\n"


def _is_news(result: Result) -> bool:
    return bool(result["failed"] or result["warned"])


def _row(result: Result) -> str:
    drift = result["drift"]
    drifted = sum(column["drift"] > drift["warn"] for column in drift["columns"])
    cells = [
        result["dataset"],
        result["source"],
        f"{sum(result['rows'].values()):,}",
        result["rules"],
        f"**{result['failed']}**" if result["failed"] else 0,
        result["warned"],
        "no profile" if drift["profile"] is None else f"{drifted} of {len(drift['columns'])} measures",
    ]
    return f"| {' | '.join(map(str, cells))} |"


def _details(name: str, text: str) -> str:
    """Text as it is, whatever characters the data put into it."""
    if len(text) > _LONGEST:
        text = text[:_LONGEST].rpartition("\n")[0] + "\n... the page and junit.xml have the rest"
    fence = "`" * (3 + max(map(len, re.findall("`{3,}", text)), default=0))
    return f"\n### {name}\n\n{fence}text\n{text}\n{fence}"
