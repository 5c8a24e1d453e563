"""A report as Markdown, and as one HTML file that shows its formulas without a network.

Formulas are LaTeX. Markdown has them as they are; the page has them as outlines drawn by matplotlib, which look the
same everywhere, with the LaTeX as alternative text. Text may contain `$formulas$` and `code`.
"""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from html import escape
from pathlib import Path

import numpy as np

from pipelines.files import write_atomically

FONT_SIZE = 12  # points
_FORMULA = re.compile(r"\$([^$]+)\$")
_STYLE = """
body { font: 16px/1.55 system-ui, sans-serif; margin: 2rem auto; max-width: 54rem; padding: 0 1rem; color: #222 }
h1 { line-height: 1.2 } h2 { margin-top: 2.5rem; border-bottom: 1px solid #ddd }
table { border-collapse: collapse; margin: 1rem 0; font-size: 14px; display: block; overflow-x: auto }
th, td { text-align: left; vertical-align: top; padding: .25rem .75rem; border-bottom: 1px solid #ddd }
td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
img { max-width: 100% } p.formula { margin: .8rem 0 .8rem 2rem } p.check { margin: .4rem 0; font-size: 15px }
code { background: #f2f2f2; padding: 0 .2em }
.holds { color: #176f2c } .fails { color: #b3261e; font-weight: 600 }
"""


@dataclass
class Report:
    """Blocks in order, each as Markdown and as HTML."""

    title: str
    _markdown: list[str] = field(default_factory=list)
    _html: list[str] = field(default_factory=list)

    def heading(self, text: str) -> None:
        self._add(f"## {text}", f"<h2>{_inline(text)}</h2>")

    def text(self, text: str) -> None:
        self._add(text, f"<p>{_inline(text)}</p>")

    def formula(self, latex: str) -> None:
        self._add(f"$$\n{latex}\n$$", f"<p class='formula'>{drawn(latex, FONT_SIZE + 2)}</p>")

    def check(self, statement: str, holds: bool, found: str) -> None:
        """A statement, whether it holds, and what was found."""
        sign, kind = ("holds", "holds") if holds else ("FAILS", "fails")
        page = f"<p class='check'><span class='{kind}'>{sign}</span> {_inline(f'{statement}: {found}')}</p>"
        self._add(f"- **{sign}** {statement}: {found}", page)

    def table(self, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Columns whose cells are all numbers are aligned to the right."""
        numeric = [bool(rows) and all(_is_number(row[index]) for row in rows) for index in range(len(head))]
        lines = [_line(head), _line(["---:" if right else "---" for right in numeric]), *map(_line, rows)]
        cells = "\n".join(
            "<tr>"
            + "".join(
                f"<td{' class=number' * right}>{_inline(cell)}</td>" for cell, right in zip(row, numeric, strict=True)
            )
            + "</tr>"
            for row in rows
        )
        heads = "".join(f"<th>{_inline(name)}</th>" for name in head)
        self._add("\n".join(lines), f"<table><tr>{heads}</tr>\n{cells}</table>")

    def picture(self, path: Path, caption: str) -> None:
        """A PNG picture in the report's folder; the page embeds it."""
        data = base64.b64encode(path.read_bytes()).decode()
        self._add(
            f"![{caption}]({path.name})", f"<p><img alt='{escape(caption)}' src='data:image/png;base64,{data}'></p>"
        )

    def write(self, folder: Path) -> None:
        """Writes `report.md` and `report.html`."""
        body = "\n".join(self._html)
        page = (
            f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(self.title)}</title>'
            f"<style>{_STYLE}</style></head><body>\n<h1>{_inline(self.title)}</h1>\n{body}\n</body></html>\n"
        )
        write_atomically(folder / "report.md", ("\n\n".join([f"# {self.title}", *self._markdown]) + "\n").encode())
        write_atomically(folder / "report.html", page.encode())

    def _add(self, markdown: str, html: str) -> None:
        self._markdown.append(markdown)
        self._html.append(html)


@cache
def drawn(latex: str, size: float = FONT_SIZE) -> str:
    """A formula as an SVG element, aligned with the baseline of its text.

    Raises ValueError for LaTeX that matplotlib's mathtext does not know.
    """
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    path = TextPath((0, 0), f"${latex}$", prop=FontProperties(size=size, math_fontfamily="cm"))
    corners = np.asarray(path.vertices)
    (left, bottom), (right, top) = corners.min(axis=0) - 1, corners.max(axis=0) + 1  # the baseline is at 0
    width, height = right - left, top - bottom
    segments = path.iter_segments(curves=True, simplify=False)
    outline = "".join(_segment(points.tolist(), int(code)) for points, code in segments)
    return (
        f"<svg role='img' aria-label='{escape(latex, quote=True)}' width='{width:.2f}pt' height='{height:.2f}pt' "
        f"style='vertical-align: {bottom:.2f}pt' viewBox='{left:.2f} {-top:.2f} {width:.2f} {height:.2f}'>"
        f"<path transform='scale(1 -1)' fill='currentColor' d='{outline}'/></svg>"
    )


_LETTERS = {1: "M", 2: "L", 3: "Q", 4: "C", 79: "Z"}  # matplotlib's codes of path segments


def _segment(points: Sequence[float], code: int) -> str:
    return _LETTERS[code] + ("" if code == 79 else " ".join(f"{number:.2f}" for number in points))


def _inline(text: str) -> str:
    """HTML of text that contains `$formulas$` and `code`."""
    parts = []
    for index, part in enumerate(_FORMULA.split(text)):
        if index % 2:
            parts.append(drawn(part))
        else:
            parts.append(re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(part, quote=False)))
    return "".join(parts)


def _is_number(cell: str) -> bool:
    try:
        float(re.sub(r"[,% ]|±", "", cell) or "0")
    except ValueError:
        return False
    return True


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
