"""Data set `translation_de`: English to German. Built-in: a synchronous grammar of captions; public: Multi30k, task 1.

Tables have a row per pair, `id` being the line number in the files. Multi30k is taken as published, untokenised and
with case, in its own split (test is `test_2016_flickr`), with one change: in 131 lines white space is not as it should
be (blanks at an end, double and non-breaking blanks, one tab), and each run of it becomes one blank; the card counts
these lines. What else is odd stays and is listed in rules.py.

Raw: `<name>.en.gz` and `<name>.de.gz` as published, or `<split>.en` and `<split>.de`: a sentence per line, lines that
belong together having one number.
"""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from stages.archives import unpacked
from stages.dataset import Dataset, Origin, Prepared, PublicFile
from stages.datasets.translation_de.grammar import COMBINATIONS, draw
from stages.datasets.translation_de.rules import TranslationDeOptions, rules, words
from stages.errors import StageError
from stages.texts.pairs import draw_pairs
from stages.texts.rules import SPLITS, text_lines

COLUMNS = {"id": "int64", "source": "string", "target": "string"}
LANGUAGES = {"source": "en", "target": "de"}
PUBLISHED = {"train": "train", "val": "val", "test": "test_2016_flickr"}  # split -> name of its files
LIMIT = 8 << 20  # bytes of a file, unpacked: the largest has two million


def make(options: TranslationDeOptions) -> Iterator[tuple[str, bytes]]:
    """Distinct captions of the grammar, with combinations of words in val and test that train does not have."""
    for split, pairs in draw_pairs(options, draw, COMBINATIONS.kept_for, words):
        for side, language in enumerate(LANGUAGES.values()):
            yield f"{split}.{language}", "".join(f"{pair[side]}\n" for pair in pairs).encode()


def read(folder: Path) -> Prepared:
    """Parse either source, told apart by the names of its files."""
    tables, respaced = {}, {}
    for split in SPLITS:
        published = folder / f"{PUBLISHED[split]}.en.gz"
        paths = [published if published.is_file() else folder / f"{split}.en"]
        paths.append(paths[0].with_name(paths[0].name.replace(".en", ".de")))
        sides = dict(zip(LANGUAGES, map(_lines, paths), strict=True))
        _check_aligned(paths, list(sides.values()))
        clean = {side: [" ".join(line.split()) for line in lines] for side, lines in sides.items()}
        tables[split] = pd.DataFrame({"id": range(1, len(sides["source"]) + 1), **clean})
        respaced[split] = {
            side: sum(line != text for line, text in zip(lines, clean[side], strict=True))
            for side, lines in sides.items()
        }
    return Prepared(tables, {"lines_with_other_white_space": respaced})


def _lines(path: Path) -> list[str]:
    content = unpacked(path, LIMIT) if path.suffix == ".gz" else path.read_bytes()
    return text_lines(content, str(path))


def _check_aligned(paths: list[Path], sides: list[list[str]]) -> None:
    (source, target), (english, german) = paths, sides
    if len(english) != len(german):
        raise StageError(
            f"{target} has {len(german)} lines, {source} has {len(english)}: they do not belong together after line "
            f"{min(len(english), len(german))}. Download them again."
        )


# -- public source

_MULTI30K = (
    "https://raw.githubusercontent.com/multi30k/dataset/a3d2e0d26b56f3846f66a952536ffed4e401d05a/data/task1/raw/"
)
_FILES = (
    ("train.en.gz", 568929, "d79cfa999dd4c51d2cb42499b6796d5a882c3a8a961923c25a898c90f8bbd56f"),
    ("train.de.gz", 637044, "726e39b2fa9eb9ffb6dc763fb35a179f80fae06ffc5d28b6ace5faa883de28a6"),
    ("val.en.gz", 21650, "14f7d25ddd868909a9213e361768460edcacdd6ab9d1e77b92560dc10c10dc28"),
    ("val.de.gz", 24681, "f0cba2f995189cf5770f29a8a9a537a3ad3f51657ad873405082ff6863a5e75a"),
    ("test_2016_flickr.en.gz", 21077, "611d361c6334bc7246101d48097c13cf5c4413c5befc793cc629934359d532d9"),
    ("test_2016_flickr.de.gz", 22890, "9204244e408ccb38d2a55cfcd344df15005fc42a07a6e55ca6c52b6ababb8cc8"),
)

DATASET: Dataset[TranslationDeOptions] = Dataset(
    name="translation_de",
    options=TranslationDeOptions,
    origins={
        "builtin": Origin(
            "drawn from the grammar in stages/datasets/translation_de/grammar.py", "Apache-2.0, as this project"
        ),
        "public": Origin(
            "Multi30k, task 1 (Elliott et al. 2016), English and German, from github.com/multi30k/dataset",
            "no licence file; the README provides it for researchers and educators, for non-commercial research and "
            "educational purposes, the pictures being under Flickr's terms",
        ),
    },
    public=tuple(PublicFile(name, f"multi30k/{name}", _MULTI30K + name, digest, size) for name, size, digest in _FILES),
    make=make,
    columns=COLUMNS,
    read=read,
    rules=rules,
)
