"""Pictures in documents: small copies of those that a pipeline's report has, `docs/pictures/<pipeline>/<name>.png`.

Which ones there are follows from the documents: each picture that one of them links to is copied.
"""

import io
import re
from collections.abc import Iterable
from pathlib import Path

from PIL import Image

from pipelines.files import write_atomically

WIDTH = 800  # pixels, at most
COLOURS = 64
LARGEST = 60_000  # bytes
LINKED = re.compile(r"\]\([./]*docs/pictures/([\w-]+)/(\w+)\.png\)")


def refresh(pages: Iterable[Path], root: Path, reports: Path) -> list[Path]:
    """Copies the pictures that `pages` link to from `reports`/<pipeline>; returns those whose pipeline has a report."""
    links = {link for page in pages for link in LINKED.findall(page.read_text(encoding="utf-8"))}
    made = []
    for pipeline, name in sorted(links):
        if (reports / pipeline).is_dir():
            pictures = sorted((reports / pipeline).rglob(f"{name}.png"))
            if not pictures:
                raise ValueError(f"no picture {name}.png in {reports / pipeline}, which a document links to")
            made.append(root / "docs" / "pictures" / pipeline / f"{name}.png")
            write_atomically(made[-1], small(pictures[0]))
    return made


def small(picture: Path) -> bytes:
    """A PNG of at most `WIDTH` pixels and `COLOURS` colours. Raises ValueError where it is still too large for git."""
    with Image.open(picture) as opened:
        image = opened.convert("RGB")
    image.thumbnail((WIDTH, WIDTH), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    # Pillow's default spends the palette on frequent shades of grey, and gives thin lines of two hues the same colour.
    image.quantize(COLOURS, Image.Quantize.MAXCOVERAGE).save(out, "PNG", optimize=True)
    if out.tell() > LARGEST:
        raise ValueError(f"{picture} takes {out.tell():,} bytes at {WIDTH} pixels: at most {LARGEST:,} are committed")
    return out.getvalue()
