"""The rules and what became of them as one page, readable without a network.

Great Expectations' own Data Docs, which stand beside it, load their styles and tables from the web.
"""

from html import escape
from typing import Any

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; color: #222 }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .25rem .75rem; border-bottom: 1px solid #ddd }
td:first-child { white-space: nowrap }
.holds { color: #176f2c } .fails { color: #b3261e; font-weight: 600 }
"""


def rules_page(result: dict[str, Any]) -> str:
    """HTML of what `validate` writes to result.json: failed rules and their rows first, then all by table."""
    counts = ", ".join(f"{name} {rows:,}" for name, rows in result["rows"].items())
    verdict = f"{result['failed']} of {result['rules']} rules fail" if result["failed"] else "all rules hold"
    kind = "fails" if result["failed"] else "holds"
    outcomes = sorted(result["expectations"], key=lambda outcome: bool(outcome["success"]))
    body = "\n".join(_row(outcome) for outcome in outcomes)
    title = escape(f"{result['dataset']} ({result['source']})")
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style></head><body>
<h1>{title}: <span class="{kind}">{verdict}</span></h1>
<p>Rows: {escape(counts)}. <a href="index.html">Great Expectations' Data Docs</a> (their styles load from the web).</p>
<table><tr><th>table</th><th>rule</th><th>observed</th><th></th></tr>
{body}
</table></body></html>
"""


def _row(outcome: dict[str, Any]) -> str:
    observed = "" if outcome["observed"] is None else str(outcome["observed"])
    if outcome["failing"]:
        observed = f"{outcome['failing']:,} rows fail"
    rows = "".join(f"<br><code>{escape(_content(row))}</code>" for row in outcome["rows"] if not outcome["success"])
    kind, sign = ("holds", "holds") if outcome["success"] else ("fails", "FAILS")
    return (
        f"<tr><td>{escape(outcome['table'])}</td><td>{escape(outcome['rule'])}{rows}</td>"
        f"<td>{escape(observed)}</td><td class='{kind}'>{sign}</td></tr>"
    )


def _content(row: dict[str, Any]) -> str:
    return ", ".join(f"{column}={value}" for column, value in row.items())
