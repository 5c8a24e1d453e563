"""The results of validation as pages that need no network: one for each data set, and one that lists them.

Great Expectations' own Data Docs, which are beside a data set's page, load their styles and lists from the web.
"""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from stages.checks.result import DOCS, PAGE, Result, counted, row_text, verdict

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; color: #222 }
h2 { font-size: 1.15rem; margin: 2rem 0 .5rem }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .25rem .75rem; border-bottom: 1px solid #ddd }
td:first-child, td:nth-last-child(-n+2) { white-space: nowrap }
code { display: block; overflow-wrap: anywhere; padding-left: 2rem; text-indent: -1rem; font-size: .85em }
.holds { color: #176f2c } .fails { color: #b3261e; font-weight: 600 } .warns { color: #8a5300; font-weight: 600 }
"""
_SIGNS = {"holds": "holds", "warns": "WARNING", "fails": "FAILS"}


def rules_page(result: Result) -> str:
    """HTML of result.json: failures with their rows, rows set aside, drift, then every rule by table."""
    counts = ", ".join(f"{name} {rows:,}" for name, rows in result["rows"].items())
    title = f"{result['dataset']} ({result['source']})"
    broken = {kind: [entry for entry in result["expectations"] if _kind(entry) == kind] for kind in ("fails", "warns")}
    return _page(
        title,
        f'{escape(title)}: <span class="{_kind(result)}">{escape(verdict(result))}</span>',
        f"<p>Rows: {escape(counts)}. "
        "<a href='index.html'>Great Expectations' Data Docs</a> (their styles and lists load from the web).</p>",
        _section("What fails", ("table", "rule", "found", ""), map(_rule, broken["fails"])),
        _section("Warnings", ("table", "rule", "found", ""), map(_rule, broken["warns"])),
        _quarantine(result),
        _drift(result),
        _section("All rules", ("table", "rule", "observed", ""), map(_rule, result["expectations"])),
    )


def all_page(results: Sequence[Result], errors: dict[str, str]) -> str:
    """HTML that lists the pages of all data sets; `errors` has those that could not be checked."""
    rows = [
        f"<tr><td><a href='{result['dataset']}/{DOCS}/{PAGE}'>{escape(result['dataset'])}</a></td>"
        f"<td>{result['source']}</td><td>{sum(result['rows'].values()):,}</td>"
        f"<td class='{_kind(result)}'>{escape(verdict(result))}</td></tr>"
        for result in results
    ]
    rows += [
        f"<tr><td>{escape(name)}</td><td></td><td></td><td class='fails'>{escape(error)}</td></tr>"
        for name, error in errors.items()
    ]
    return _page("Data sets", "Data sets", _section("", ("data set", "source", "rows", "rules"), rows))


def _page(title: str, heading: str, *parts: str) -> str:
    body = "\n".join(filter(None, parts))
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style></head><body>
<h1>{heading}</h1>
{body}
</body></html>
"""


def _section(heading: str, columns: Iterable[str], rows: Iterable[str], text: str = "") -> str:
    """A table under a heading; '' if it has neither rows nor a text."""
    found = list(rows)
    table = f"<table><tr>{''.join(f'<th>{name}</th>' for name in columns)}</tr>\n" + "\n".join(found) + "\n</table>"
    parts = [f"<h2>{heading}</h2>" if heading else "", f"<p>{escape(text)}</p>" if text else "", table if found else ""]
    return "\n".join(filter(None, parts)) if found or text else ""


def _kind(found: Any) -> str:
    """How a result or one of its rules ended, as a class of the style."""
    if found["success"]:
        return "warns" if found.get("warned") else "holds"
    return "fails" if found.get("severity", "critical") == "critical" else "warns"


def _rule(entry: Any) -> str:
    observed = "" if entry["observed"] is None else str(entry["observed"])
    if isinstance(entry["observed"], float):
        observed = f"{entry['observed']:.4g}"
    if entry["failing"]:
        observed = counted(entry["failing"], "row")
    rows = "".join(f"<code>{escape(row_text(row))}</code>" for row in entry["rows"] if not entry["success"])
    kind = _kind(entry)
    return (
        f"<tr><td>{escape(entry['table'])}</td><td>{escape(entry['rule'])}{rows}</td>"
        f"<td>{escape(observed)}</td><td class='{kind}'>{_SIGNS[kind]}</td></tr>"
    )


def _quarantine(result: Result) -> str:
    quarantine = result["quarantine"]
    if quarantine["over"]:
        return _section("Quarantine", (), (), f"Too many rows: {quarantine['over']}.")
    rows = [(row["table"], row["id"], "; ".join(row["rules"])) for row in quarantine["rows"]]
    return _section(
        "Set aside: the validated tables do not have these rows",
        ("table", "id", "rules that it breaks"),
        (f"<tr>{''.join(f'<td>{escape(str(cell))}</td>' for cell in row)}</tr>" for row in rows),
    )


def _drift(result: Result) -> str:
    drift = result["drift"]
    if drift["profile"] is None:
        return _section("Drift", (), (), "No version was accepted yet, so there is nothing to compare with.")
    limits = f"a warning above {drift['warn']:g}" + (f", a failure above {drift['stop']:g}" if drift["stop"] else "")
    text = (
        f"Against {drift['profile']}, by population stability index. Drift is the index less what chance alone "
        f"explains; {limits}."
    )
    if drift["differences"]:
        text += f" Not as in the accepted version: {'; '.join(drift['differences'])}."
    rows = []
    for column in sorted(drift["columns"], key=lambda column: -column["drift"]):
        far = column["drift"] > (drift["stop"] or float("inf"))
        kind = "fails" if far else "warns" if column["drift"] > drift["warn"] else "holds"
        cells = "".join(f"<td>{escape(str(column[key]))}</td>" for key in ("table", "column", "measure"))
        numbers = "".join(f"<td>{column[key]:.3f}</td>" for key in ("stability_index", "by_chance", "drift"))
        rows.append(f"<tr>{cells}{numbers}<td class='{kind}'>{_SIGNS[kind]}</td></tr>")
    return _section("Drift", ("table", "column", "measured by", "index", "random limit", "drift", ""), rows, text)
