"""Data set `translation`: English to Chinese. Built-in: a synchronous grammar; public: the Mandarin pairs of Tatoeba.

Tables have a row per pair: `source` in English, `target` in simplified Chinese, and `target_as_written`, where the
published pairs mix traditional and simplified characters: a model is trained on the one column or on the other.
stages/texts/tatoeba.py splits Tatoeba by the English sentence. Another one with the same Chinese sentence may be on
another side; the card counts those.

Raw: `cmn-eng.zip` as published (English, Chinese and attribution, by tabs), or `train.txt`, `val.txt`, `test.txt`.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pandas as pd

from stages.dataset import Dataset, Origin, Prepared
from stages.datasets.translation.grammar import COMBINATIONS, draw
from stages.datasets.translation.rules import TranslationOptions, rules
from stages.texts.pairs import cells, draw_pairs
from stages.texts.rules import SPLITS
from stages.texts.tatoeba import ARCHIVE, ORIGIN, PUBLIC, read_tatoeba, split_of

COLUMNS = {"id": "int64", "source": "string", "target": "string", "target_as_written": "string"}


def make(options: TranslationOptions) -> Iterator[tuple[str, bytes]]:
    """Distinct pairs of the grammar. A combination of words that is kept for a split occurs there and nowhere else."""
    for split, pairs in draw_pairs(options, draw, COMBINATIONS.kept_for, units=list):
        yield f"{split}.txt", "".join(f"{english}\t{chinese}\n" for english, chinese in pairs).encode()


def read(folder: Path) -> Prepared:
    """Parse either source; line numbers of the published file become ids, so that attributions can be found."""
    tables = _read_published(folder / ARCHIVE) if (folder / ARCHIVE).is_file() else _read_made(folder)
    known = set(tables["train"]["target"])
    return Prepared(
        tables,
        {"targets_also_in_train": {name: int(tables[name]["target"].isin(known).sum()) for name in ("val", "test")}},
    )


def _read_published(archive: Path) -> dict[str, pd.DataFrame]:
    table = _table(read_tatoeba(archive))
    table["target"] = _simplified(table["target_as_written"])
    split = table["source"].map(split_of)
    return {name: table[split == name].reset_index(drop=True) for name in SPLITS}


def _read_made(folder: Path) -> dict[str, pd.DataFrame]:
    tables = {}
    for split in SPLITS:
        path = folder / f"{split}.txt"
        lines = enumerate(cells(path.read_bytes(), str(path), 2), start=1)
        tables[split] = _table((number, english, chinese) for number, (english, chinese) in lines)
    return tables


def _simplified(texts: pd.Series) -> list[str]:
    import opencc

    convert = opencc.OpenCC("t2s").convert
    return [convert(text) for text in texts]


def _table(pairs: Iterable[tuple[int, str, str]]) -> pd.DataFrame:
    rows = [(number, english, chinese, chinese) for number, english, chinese in pairs]
    return pd.DataFrame(rows, columns=list(COLUMNS))


DATASET: Dataset[TranslationOptions] = Dataset(
    name="translation",
    options=TranslationOptions,
    origins={
        "builtin": Origin(
            "drawn from the grammar in stages/datasets/translation/grammar.py", "Apache-2.0, as this project"
        ),
        "public": ORIGIN,
    },
    public=(PUBLIC,),
    make=make,
    columns=COLUMNS,
    read=read,
    rules=rules,
)
