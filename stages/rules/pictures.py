"""Rules for any pictures: each belongs to its row, none is repeated, all look like their class."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stages.dataset import RuleContext, Suite
from stages.pictures import builtin, cifar
from stages.pictures.builtin import SPLITS, PicturesOptions
from stages.pictures.drawing import BATCH, SIDE, Pixels
from stages.pictures.tables import ARRAYS, MEASURED, SHAPE, measure
from stages.rules.likeness import Likeness, class_means, edges, fair_sample, likeness
from stages.rules.vocabulary import Rule, between, no_error, row_count, unique

Range = tuple[float, float]
LOSS = 15.0  # mean difference to a picture as drawn: at most 9.6 as JPEG, 23 and more between any two pictures
LIGHT = 8.0  # by which a class's mean red, green or blue may be off; that of 1,000 pictures is, by up to 4.5


@dataclass(frozen=True)
class Expected:
    """The expected pictures of one task."""

    classes: tuple[str, ...]
    alike: bool  # whether all classes have as many pictures, and rows take turns through them
    brightness: Range  # of a picture
    contrast: Range
    # Means of a table. Pixels that were read in a wrong order differ far more from their neighbours; exchanged
    # channels change what red has over blue; pictures upside down or on their side, what their upper half has over
    # the lower.
    roughness: Range
    red_over_blue: Range
    top_over_bottom: Range
    right: float  # share of pictures that look like their class (stages/pictures/likeness.py), at least
    counts: Mapping[str, tuple[int, ...]] = field(default_factory=dict)  # of the classes of a split, if not alike
    light: tuple[tuple[float, float, float], ...] = ()  # mean red, green and blue of each class, where these differ


_DRAWN = dict[str, Any](
    alike=True,
    brightness=(20, 235),
    contrast=(10, 100),
    roughness=(6, 14),
    red_over_blue=(8, 44),
    top_over_bottom=(8, 24),
    right=0.2,  # of the smallest sizes; with 4,000 pictures to learn from it is 0.4
)
DRAWN = {
    "transfer": Expected(builtin.CLASSES["transfer"], **_DRAWN),
    "source": Expected(builtin.CLASSES["source"], **_DRAWN),
    "digits": Expected(
        builtin.CLASSES["digits"],
        alike=False,
        brightness=(40, 115),
        contrast=(50, 120),
        roughness=(11, 17),
        red_over_blue=(-0.5, 0.5),  # grey
        top_over_bottom=(-15, 15),
        right=0.75,
        counts={
            "train": (119, 121, 117, 121, 120, 123, 120, 118, 119, 122),
            "val": (20, 22, 20, 23, 20, 18, 22, 22, 16, 17),
            "test": (39, 39, 40, 39, 41, 41, 39, 39, 39, 41),
        },
    ),
}
# Of the lossy copy; the canonical one differs by less than 1 in each.
CIFAR10 = Expected(
    cifar.CLASSES,
    alike=True,
    brightness=(5, 254),
    contrast=(5, 128),
    roughness=(14, 16),
    red_over_blue=(10, 12.5),
    top_over_bottom=(10.5, 13.5),
    right=0.36,
    light=(
        *((134.2, 143.1, 150.3), (120.0, 115.7, 113.9), (124.7, 125.3, 108.2), (126.1, 116.2, 105.8)),
        *((120.1, 118.5, 96.3), (127.5, 118.5, 106.2), (120.0, 111.9, 88.4), (127.9, 122.3, 106.2)),
        *((125.1, 134.0, 141.4), (127.1, 123.7, 122.0)),
    ),
)


def picture_suites(context: RuleContext[PicturesOptions], expected: Mapping[str, Expected]) -> list[Suite]:
    """A suite per table, one with a row per table, and one with a row per table and class."""
    suites: list[Suite] = []
    tables: list[dict[str, Any]] = []
    classes: list[dict[str, Any]] = []
    for task, known in expected.items():
        looks = _looks(context, task, known)
        for split in SPLITS:
            name = f"{task}-{split}"
            count = cifar.ROWS[split] if context.source == "public" else context.options.rows(task, split)
            suites.append(Suite(name, _checked(context, task, split, known), _row_rules(context, count, task, known)))
            tables.append({"name": name, **_whole(context, name, known, looks[split])})
            counts = known.counts.get(split, (count / len(known.classes),) * len(known.classes))
            classes += [{"name": name, **row} for row in _by_class(context, name, known, counts, looks[split])]
    coloured = any(known.light for known in expected.values())
    return [*suites, _tables_suite(tables), _classes_suite(classes, coloured)]


def outside(value: float, allowed: Range) -> str:
    """The cell of a computed column for a value: '' if it is allowed."""
    return "" if allowed[0] <= value <= allowed[1] else f"expected {allowed[0]:g} to {allowed[1]:g}"


def _pixels(context: RuleContext[PicturesOptions], name: str) -> Pixels:
    """The pictures that rows of a table have; none where the array has another shape."""
    found = context.arrays[name]["pixels"]
    return found[: len(context.tables[name])] if found.shape[1:] == SHAPE else np.zeros((0, *SHAPE), np.uint8)


# -- a table


def _checked(context: RuleContext[PicturesOptions], task: str, split: str, known: Expected) -> pd.DataFrame:
    """The table with a column for each rule that needs computing."""
    name = f"{task}-{split}"
    rows = context.tables[name].reset_index(drop=True)
    names = dict(enumerate(known.classes))
    rows["class_error"] = [
        "" if names.get(label) == found else f"label {label} is {names.get(label, 'no class')}"
        for label, found in zip(rows["label"], rows["class"], strict=True)
    ]
    rows["turn_error"] = [
        "" if not known.alike or label == number % len(known.classes) else f"turn of {names[number % len(names)]}"
        for number, label in enumerate(rows["label"])
    ]
    found = measure(_pixels(context, name)).reindex(rows.index)
    rows["picture_error"] = np.where(found["digest"].isna(), "no picture", "another picture")
    rows.loc[rows["digest"] == found["digest"], "picture_error"] = ""
    rows["measured_error"] = ""
    for column in MEASURED[:-1]:
        wrong = (rows[column] - found[column]).abs() > 0.01
        rows.loc[wrong, "measured_error"] += f"{column} is " + found.loc[wrong, column].astype(str) + " "
    rows["half_error"] = pd.Series(_halves(_pixels(context, name))).reindex(rows.index).fillna("")
    if task in builtin.SHAPES:
        rows["drawn_error"] = pd.Series(_not_as_drawn(context, task, split)).reindex(rows.index).fillna("")
    rows["same_as"] = rows["digest"].duplicated().map({True: "an earlier row", False: ""})
    for earlier in SPLITS[: SPLITS.index(split)]:
        rows.loc[rows["digest"].isin(context.tables[f"{task}-{earlier}"]["digest"]), "same_as"] = earlier
    return rows


def _not_as_drawn(context: RuleContext[PicturesOptions], task: str, split: str) -> list[str]:
    """For each of the first pictures of a table, whether the seed draws another one there."""
    drawn = _first_drawn(context.options, task, split)
    found = _pixels(context, f"{task}-{split}")[: len(drawn)]
    far = np.abs(found.astype(np.int16) - drawn[: len(found)]).mean(axis=(1, 2, 3))
    return ["another picture" if away else "" for away in far > LOSS]


@cache
def _first_drawn(options: PicturesOptions, task: str, split: str) -> Pixels:
    each = min(BATCH, options.rows(task, split) // len(builtin.SHAPES[task]))
    return builtin.draw_shapes(options, task, split, each)


def _halves(pixels: Pixels) -> list[str]:
    """For each picture, which half of it is of one colour: what a file that was cut short leaves."""
    plain = zip(_plain(pixels[:, : SIDE // 2]), _plain(pixels[:, SIDE // 2 :]), strict=True)
    return [" ".join(half for half, found in zip(("upper", "lower"), row, strict=True) if found) for row in plain]


def _plain(halves: Pixels) -> NDArray[np.bool_]:
    """Whether every pixel has the colour of the one before it."""
    values = halves.reshape(len(halves), SIDE // 2 * SIDE * 3)
    return np.asarray((values[:, 3:] == values[:, :-3]).all(axis=1))


def _row_rules(context: RuleContext[PicturesOptions], count: int, task: str, known: Expected) -> list[Rule]:
    found = [
        row_count(count, f"there are {count} pictures, as {'published' if context.source == 'public' else 'set'}"),
        unique("id", "no id is repeated"),
        no_error("class_error", "every label is a class's, and its name is that class's"),
        no_error("picture_error", "every row has its picture, unchanged"),
        no_error("measured_error", "brightness, contrast and roughness are those of the picture"),
        no_error("half_error", "no half of a picture is of one colour, as where a file was cut short"),
        no_error("same_as", "no picture is there twice, nor in an earlier split"),
    ]
    if task in builtin.SHAPES:
        found.append(no_error("drawn_error", "the first pictures of a table are those that the seed draws"))
    if known.alike:
        found.append(no_error("turn_error", "rows take turns through the classes"))
    for column in ("brightness", "contrast"):
        low, high = getattr(known, column)
        found.append(between(column, low, high, f"the {column} of a picture is {low:g} to {high:g} of 255"))
    return found


# -- what all pictures of a table show


def _looks(context: RuleContext[PicturesOptions], task: str, known: Expected) -> dict[str, Likeness]:
    """How every split compares with one half of train, and the other half of train with that."""
    classes = len(known.classes)
    found = {}
    for split in SPLITS:
        pixels = _pixels(context, f"{task}-{split}")
        chosen = fair_sample(len(pixels), classes)
        features = edges(pixels[chosen])
        labels = context.tables[f"{task}-{split}"]["label"].to_numpy()[chosen]
        if split == "train":
            learned = np.arange(len(chosen)) // classes % 2 == 0
            means = class_means(features[learned], labels[learned], classes)
            features, labels = features[~learned], labels[~learned]
        found[split] = likeness(features, labels, means)
    return found


def _whole(context: RuleContext[PicturesOptions], name: str, known: Expected, looks: Likeness) -> dict[str, Any]:
    """The row of a table."""
    stored, table, pixels = context.arrays[name]["pixels"], context.tables[name], _pixels(context, name)
    expected = f"{ARRAYS['pixels']} {(len(table), *SHAPE)}"
    shape = f"{stored.dtype} {stored.shape}"
    light = pixels.mean(axis=0, dtype=np.float64) if len(pixels) else np.zeros(SHAPE)
    red, green, blue = light.mean(axis=(0, 1))
    top_over_bottom = float(light[: SIDE // 2].mean() - light[SIDE // 2 :].mean())
    roughness = float(table["roughness"].mean())
    return {
        "shape": shape,
        "red": round(red, 2),
        "green": round(green, 2),
        "blue": round(blue, 2),
        "top_over_bottom": round(top_over_bottom, 2),
        "roughness": round(roughness, 2),
        "right": round(looks.right, 4),
        "shape_error": "" if shape == expected else f"expected {expected}",
        "colour_error": outside(red - blue, known.red_over_blue),
        "light_error": outside(top_over_bottom, known.top_over_bottom),
        "roughness_error": outside(roughness, known.roughness),
        "right_error": outside(looks.right, (known.right, 1)),
    }


def _by_class(
    context: RuleContext[PicturesOptions], name: str, known: Expected, counts: Sequence[float], looks: Likeness
) -> list[dict[str, Any]]:
    """The rows of a table's classes."""
    labels, pixels = context.tables[name]["label"].to_numpy(), _pixels(context, name)
    found = pd.Series(labels).value_counts()
    return [
        {
            "class": title,
            "pictures": int(found.get(label, 0)),
            "count_error": outside(int(found.get(label, 0)), (counts[label], counts[label])),
            "colour_error": _colour_error(pixels[labels[: len(pixels)] == label], known, label),
            "nearer_to": known.classes[looks.nearer_to[label]] if label in looks.nearer_to else "",
        }
        for label, title in enumerate(known.classes)
    ]


def _colour_error(pixels: Pixels, known: Expected, label: int) -> str:
    """The distance of the mean colour of a class's pictures from the known one, if there is one."""
    if known.light and len(pixels):
        found, expected = pixels.mean(axis=(0, 1, 2)), known.light[label]
        if np.abs(found - expected).max() > LIGHT:
            return f"{found.round(1).tolist()}, expected {expected}"
    return ""


def _tables_suite(rows: list[dict[str, Any]]) -> Suite:
    return Suite(
        "tables",
        pd.DataFrame(rows).assign(id=range(len(rows))),
        [
            no_error("shape_error", "every table has one picture for each row, of 32 by 32 pixels in three channels"),
            no_error("colour_error", "red is over blue by as much as it should be: channels are in their order"),
            no_error(
                "light_error", "the upper half is over the lower by as much as it should be: pictures stand upright"
            ),
            no_error(
                "roughness_error", "neighbouring pixels differ by as much as they should: pixels are in their order"
            ),
            no_error("right_error", "pictures look like their class, more often than random ones"),
        ],
    )


def _classes_suite(rows: list[dict[str, Any]], coloured: bool) -> Suite:
    found = [
        no_error("count_error", "every class has as many pictures as it should have"),
        no_error("nearer_to", "the pictures of no class look like those of another"),
    ]
    if coloured:
        found.append(no_error("colour_error", "every class is as red, green and blue as it should be, on average"))
    return Suite("classes", pd.DataFrame(rows).assign(id=range(len(rows))), found)
