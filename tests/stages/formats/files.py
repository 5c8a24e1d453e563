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


def write_names(folder: Path, sentences: int = 240) -> None:
    """CoNLL-2003: four columns, IOB1, capitals, documents; the place of a capital says what a name is."""
    rng = random.Random(sentences)
    people, places = ("Ann", "Kim", "Jim Kerr", "Eve Ray", "Tom"), ("New York", "Oslo", "Lima", "San Marino", "Bonn")
    for split, count in (("train", sentences), ("testa", sentences // 4), ("testb", sentences // 4)):
        lines = []
        for number in range(count):
            if number % 6 == 0:
                lines += ["-DOCSTART- -X- O O", ""]
            for word, tag in _sentence(rng, people, places):
                lines.append(f"{word} NN I-NP {tag}")
            lines.append("")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"eng.{split}").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _sentence(rng: random.Random, people: Sequence[str], places: Sequence[str]) -> list[tuple[str, str]]:
    parts = [
        (rng.choice(people), "PER"),
        (rng.choice(("lives in", "flew to", "left")), ""),
        (rng.choice(places), "LOC"),
    ]
    parts += [(rng.choice(("today", "in May", "")), ""), (".", "")]
    return [(word, f"I-{kind}" if kind else "O") for text, kind in parts for word in text.split()]


def write_pairs(file: Path, rows: int = 600) -> None:
    """Sentences and their translations as two columns without names, separated by tabs."""
    rng = random.Random(rows)
    nouns = {"dog": "Hund", "cat": "Katze", "horse": "Pferd", "bird": "Vogel", "man": "Mann", "cow": "Kuh"}
    verbs = {"sees": "sieht", "hears": "hört", "likes": "mag", "finds": "findet"}
    lines = []
    for _ in range(rows):
        (one, eins), (two, zwei) = rng.sample(sorted(nouns.items()), 2)
        verb, tut = rng.choice(sorted(verbs.items()))
        often, oft = rng.choice((("", ""), (" today", " heute"), (" often", " oft")))
        lines.append(f"Every {one} {verb} this {two}{often}.\tJeder {eins} {tut} {zwei}{oft}.")
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_cases(file: Path, rows: int = 300) -> None:
    """Three kinds of plants with two lengths, as a German Excel writes them: `;` and decimal commas."""
    rng = random.Random(rows)
    lines = ["Nr;Breite;Höhe;Art"]
    for number in range(rows):
        kind = number % 3
        width, height = rng.gauss(2 + 2 * kind, 0.6), rng.gauss(9 - 3 * kind, 0.8)
        lines.append(f"{number};{width:.2f};{height:.2f};{('rot', 'grün', 'blau')[kind]}".replace(".", ","))
    file.write_text("\n".join(lines) + "\n", encoding="cp1252")


def write_texts(folder: Path, lines: int = 400) -> None:
    """Plain text in two files, with paragraphs."""
    rng = random.Random(lines)
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("one.txt", "two.txt"):
        text = []
        for number in range(lines // 2):
            animal, verb = rng.choice(("dog", "cat", "bird")), rng.choice(("sees", "likes"))
            text.append(f"The {animal} {verb} the {rng.choice('abc')} house.")
            text += [""] * (number % 5 == 4)
        (folder / name).write_text("\n".join(text) + "\n", encoding="utf-8")


def write_key_phrases(folder: Path, documents: int = 120) -> None:
    """Documents and their phrases, a file each: the word before `matters` is one."""
    rng = random.Random(documents)
    (folder / "docs").mkdir(parents=True, exist_ok=True)
    (folder / "keys").mkdir(exist_ok=True)
    for number in range(documents):
        one, other = rng.sample(("graph theory", "deep nets", "queues", "hash tables", "grammars", "fast caches"), 2)
        text = f"Here {one} matters.\nAs for {other}, it is known since {number}."
        (folder / "docs" / f"{number:03}.txt").write_text(text)
        (folder / "keys" / f"{number:03}.key").write_text(f"{one.title()}\n")


def write_trees(folder: Path, trees: int = 300) -> None:
    """Trees with function tags and traces, over several lines and several files."""
    rng = random.Random(trees)
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("wsj_01.mrg", "wsj_02.mrg", "wsj_03.mrg"):
        found = []
        for _ in range(trees // 3):
            subject, verb = rng.choice(("John", "Ann", "Kim")), rng.choice(("sees", "has", "likes"))
            noun = rng.choice(("dog", "cat", "house", "tree"))
            after = rng.choice((" (PP-LOC (IN in) (NP (NNP Rome)))", "", " (ADVP (RB often))"))
            found.append(
                f"( (S \n  (NP-SBJ-1 (NNP {subject}) )\n"
                f"  (VP (VBZ {verb}) (NP (DT a) (NN {noun})){after})\n  (. .) ))\n"
            )
        (folder / name).write_text("".join(found), encoding="utf-8")


def write_pictures(folder: Path, pictures: int = 120) -> None:
    """PNG and JPEG of 40 to 500 pixels: a bright half, left or on top, in grey, in colour or transparent."""
    import numpy as np
    from PIL import Image

    rng = np.random.default_rng(pictures)
    for number in range(pictures):
        name = ("left", "top")[number % 2]
        width, height = (int(side) for side in rng.integers(40, 500, 2))
        pixels = rng.integers(0, 90, (height, width, 3), dtype=np.uint8)
        pixels[np.s_[:, : width // 2] if name == "left" else np.s_[: height // 2]] += np.uint8(150)
        (folder / name).mkdir(parents=True, exist_ok=True)
        mode, ending = (("RGB", "png"), ("L", "jpg"), ("RGBA", "png"), ("RGB", "jpeg"))[number % 4]
        Image.fromarray(pixels).convert(mode).save(folder / name / f"{number:03}.{ending}")


TONES = {"a": 500.0, "b": 1000.0, "c": 1800.0}


def write_recordings(folder: Path, recordings: int = 120) -> None:
    """Common Voice's layout: clips of 22 and 44 kHz, wav and mp3, of several speakers; a letter is a tone."""
    import numpy as np
    import soundfile

    rng = np.random.default_rng(recordings)
    (folder / "clips").mkdir(parents=True, exist_ok=True)
    lines = ["client_id\tpath\tsentence"]
    for number in range(recordings):
        text = " ".join("".join(rng.choice(list(TONES), 2)) for _ in range(2))
        rate, ending = ((22_050, "wav"), (44_100, "mp3"), (44_100, "wav"))[number % 3]
        gap = np.zeros(rate // 20)
        seconds = np.arange(rate // 8) / rate
        parts = [np.sin(2 * np.pi * TONES[letter] * seconds) if letter in TONES else gap for letter in text]
        wave = np.concatenate([part for tone in parts for part in (tone, gap)])
        wave = 0.3 * wave + rng.normal(0, 0.003, len(wave))
        soundfile.write(folder / "clips" / f"clip_{number:03}.{ending}", wave, rate)
        lines.append(f"speaker {number % 12}\tclip_{number:03}.{ending}\t{text.upper()}!")
    (folder / "validated.tsv").write_text("\n".join(lines) + "\n")
