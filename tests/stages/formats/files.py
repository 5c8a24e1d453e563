"""Small files of the kinds that users have, made by the tests."""

import random
from collections.abc import Sequence
from pathlib import Path

CLASSES = {
    "satisfait": ("lovely", "superb", "bright", "warm"),
    "déçu": ("dull", "awful", "noisy", "cold"),
    "neutre": ("ordinary", "usual", "plain", "average"),
}


def write_reviews(file: Path, rows: int = 300, classes: Sequence[str] = tuple(CLASSES)) -> None:
    """A table as a German or French Excel writes it: `;`, decimal commas, Windows-1252; the words say the class."""
    rng = random.Random(rows)
    lines = ["Prix;Text;Label"]
    for number in range(rows):
        label = classes[number % len(classes)]
        about = rng.choice(("room", "view", "meal", "staff", "soup"))
        text = f'"The {about} was {rng.choice(CLASSES[label])}, {rng.choice(CLASSES[label])}; visit {number}."'
        lines.append(f"{rng.randint(1, 99)},{rng.randint(10, 99)};{text};{label}")
    file.write_text("\n".join(lines) + "\n", encoding="cp1252")
