"""Drawn pictures: shapes lie where they are placed and have the area they should, and chance is even."""

import hashlib
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.pictures import drawing
from stages.pictures.drawing import FINE, SIDE, TURN, Chance, Place, draw
from stages.pictures.shapes import SOURCE, TRANSFER, Shape, Whole, cross, disc, ring, square

SHAPES = TRANSFER | SOURCE
# Of three pictures of each shape. Another digest means: something about drawing changed, or this numpy draws otherwise.
DIGEST = "eeea7f30885eb7dcee9b8445482b6f1fc0d5eded0754e2b2a12740ebf2554faf"


def one(number: int) -> Whole:
    return np.full((1, 1, 1), number, np.int32)


def covered(shape: Shape, *, across: int = 64, down: int = 64, radius: int = 48, turn: int = 0, w: int = 0) -> Whole:
    """How much of each pixel of one picture a shape covers."""
    found: Whole = Place(one(across), one(down), one(radius), one(turn)).covered(shape, one(w))[0]
    return found


def test_the_pictures_are_the_same_bytes_everywhere() -> None:
    pixels = [draw(shape, 3, Chance(f"test/{name}")).tobytes() for name, shape in SHAPES.items()]
    assert hashlib.sha256(b"".join(pixels)).hexdigest() == DIGEST


def test_no_rounding_depends_on_the_last_bits_of_a_cosine() -> None:
    exact = [1024 * math.cos(2 * math.pi * step / TURN) for step in range(TURN)]
    assert max(abs(whole - number) for whole, number in zip(drawing._COSINE, exact, strict=True)) < 0.5 - 1e-6


@given(low=st.integers(-300, 300), span=st.integers(0, 300))
def test_chance_stays_within_its_limits_and_is_even(low: int, span: int) -> None:
    drawn = Chance("even").whole(low, low + span, 40, 50)
    assert low <= drawn.min()
    assert drawn.max() <= low + span
    deviation = math.sqrt(((span + 1) ** 2 - 1) / 12)
    assert abs(drawn.mean() - (low + span / 2)) <= 5 * deviation / math.sqrt(drawn.size)


@settings(max_examples=30)
@given(across=st.integers(50, 78), down=st.integers(50, 78), radius=st.integers(30, 44), turn=st.integers(0, TURN - 1))
def test_a_shape_has_its_area_and_its_centre_wherever_it_lies(across: int, down: int, radius: int, turn: int) -> None:
    """Those of a disc, a ring and a square are known: a coordinate of 256 is one radius.

    Upright, a whole side of a square falls between two rows of points, which are half a pixel apart.
    """
    unit = radius / FINE / 256
    for shape, area, exact in (
        (disc, math.pi * (200 * unit) ** 2, 0.05),
        (ring, math.pi * ((250 * unit) ** 2 - (110 * unit) ** 2), 0.05),
        (square, (2 * 180 * unit) ** 2, 0.12),
    ):
        share = covered(shape, across=across, down=down, radius=radius, turn=turn) / 4
        assert share.sum() == pytest.approx(area, rel=exact)
        middle = np.arange(SIDE) + 0.5
        assert (share.sum(axis=0) * middle).sum() / share.sum() == pytest.approx(across / FINE, abs=0.3)
        assert (share.sum(axis=1) * middle).sum() / share.sum() == pytest.approx(down / FINE, abs=0.3)


@pytest.mark.parametrize("name", SHAPES)
def test_a_quarter_turn_is_a_quarter_turn(name: str) -> None:
    upright, turned = covered(SHAPES[name]), covered(SHAPES[name], turn=TURN // 4)
    clockwise = np.rot90(upright, -1)
    assert np.abs(turned - clockwise).mean() < 0.1  # of 4: the edges, where points are rounded otherwise
    assert np.abs(turned - upright).mean() > 0.1 or name in ("ring", "disc", "square", "frame", "cross", "dots")


def test_every_two_shapes_differ_and_thickness_changes_each() -> None:
    thin = {name: covered(shape) for name, shape in SHAPES.items()}
    for name, shape in SHAPES.items():
        assert 60 < thin[name].sum() / 4 < 500, name
        assert np.abs(covered(shape, w=255) - thin[name]).sum() > 20, name
        for other in list(SHAPES)[: list(SHAPES).index(name)]:
            assert np.abs(thin[name] - thin[other]).sum() / 4 > 40, (name, other)


def test_a_pixel_is_covered_in_quarters() -> None:
    assert set(np.unique(covered(cross, turn=20))) == {0, 1, 2, 3, 4}


def test_light_is_warm_and_from_above_and_shapes_are_as_often_dark_as_light() -> None:
    pixels = draw(disc, 256, Chance("light")).astype(np.float64)
    red, green, blue = pixels.mean(axis=(0, 1, 2))
    assert red > green > blue
    assert pixels[:, :4].mean() > pixels[:, -4:].mean() + 10
    centre = pixels[:, 12:20, 12:20].mean(axis=(1, 2, 3)) - np.median(pixels.reshape(256, -1), axis=1)
    assert 0.3 < (centre > 0).mean() < 0.7
