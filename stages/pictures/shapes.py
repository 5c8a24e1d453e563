"""Twenty shapes in whole numbers: ten to classify, and ten others to pretrain on.

A shape is the set of points that belong to it, in its own coordinates: u to the right, v down, the centre at 0, and the
edge of the shape about 256 from there. `w`, 0 to 255, is its thickness. No function of a mathematics library decides a
pixel, so that every machine draws the same.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Whole = NDArray[np.int32]
Points = NDArray[np.bool_]
Shape = Callable[[Whole, Whole, Whole], Points]  # u, v (N, H, W) and w (N, 1, 1) -> which points are in (N, H, W)


def _near(u: Whole, v: Whole, reach: Whole | int) -> Points:
    return u * u + v * v < reach * reach


def _within(u: Whole, v: Whole, reach: Whole | int) -> Points:
    return (np.abs(u) < reach) & (np.abs(v) < reach)


# -- what lies about


def bar(u: Whole, v: Whole, w: Whole) -> Points:
    return (np.abs(u) < 256) & (np.abs(v) < 60 + w // 2)


def blob(u: Whole, v: Whole, w: Whole) -> Points:
    return u * u + (2 + w // 128) * v * v < 256 * 256


# -- the shapes to learn


def ring(u: Whole, v: Whole, w: Whole) -> Points:
    return _near(u, v, 250) & ~_near(u, v, 110 + w // 4)


def triangle(u: Whole, v: Whole, w: Whole) -> Points:
    return (v < 120 + w // 4) & (7 * np.abs(u) < 4 * (v + 250))


def star(u: Whole, v: Whole, w: Whole) -> Points:
    """Five-pointed: the points on the inner side of at least four of its five lines."""
    reach = 256 * (70 + w // 8)
    lines = ((0, 256), (243, 79), (-243, 79), (150, -207), (-150, -207))
    inner = [(across * u + down * v < reach).astype(np.uint8) for across, down in lines]
    return np.asarray(sum(inner) >= 4)


def cross(u: Whole, v: Whole, w: Whole) -> Points:
    arm = 45 + w // 6
    return _within(u, v, 245) & ((np.abs(u) < arm) | (np.abs(v) < arm))


def arrow(u: Whole, v: Whole, w: Whole) -> Points:
    shaft = (np.abs(u) < 40 + w // 6) & (v >= 0) & (v < 245)
    return shaft | ((v < 0) & (np.abs(u) < v + 245))


def house(u: Whole, v: Whole, w: Whole) -> Points:
    door = (np.abs(u) < 35 + w // 8) & (v > 80)
    walls = (np.abs(u) < 175) & (v >= 0) & (v < 225) & ~door
    return walls | ((v < 0) & (np.abs(u) < v + 240))


def crescent(u: Whole, v: Whole, w: Whole) -> Points:
    return _near(u, v, 250) & ~_near(u - (90 + w // 6), v, 205)


def spiral(u: Whole, v: Whole, w: Whole) -> Points:
    """Half circles, the upper ones about the centre and the lower ones beside it, so that each meets the next."""
    step, half = 60, 18 + w // 16
    upper = [_near(u, v, reach + half) & ~_near(u, v, reach - half) for reach in (step, 3 * step)]
    lower = [_near(u - step, v, reach + half) & ~_near(u - step, v, reach - half) for reach in (2 * step, 4 * step)]
    return ((v < 0) & (upper[0] | upper[1])) | ((v >= 0) & (lower[0] | lower[1]))


def stripes(u: Whole, v: Whole, w: Whole) -> Points:
    return _within(u, v, 240) & (v % 128 < 44 + w // 8)


def checker(u: Whole, v: Whole, w: Whole) -> Points:
    field = 112 + w // 8
    odd: Points = (u // field + v // field) % 2 == 1
    return _within(u, v, 2 * field) & odd


# -- the shapes to learn from first


def disc(u: Whole, v: Whole, w: Whole) -> Points:
    return _near(u, v, 200 + w // 8)


def square(u: Whole, v: Whole, w: Whole) -> Points:
    return _within(u, v, 180 + w // 8)


def frame(u: Whole, v: Whole, w: Whole) -> Points:
    return _within(u, v, 220) & ~_within(u, v, 110 + w // 5)


def tee(u: Whole, v: Whole, w: Whole) -> Points:
    arm = 45 + w // 8
    return _within(u, v, 240) & ((v < 2 * arm - 240) | (np.abs(u) < arm))


def corner(u: Whole, v: Whole, w: Whole) -> Points:
    arm = 45 + w // 8
    return _within(u, v, 225) & ((u < 2 * arm - 225) | (v > 225 - 2 * arm))


def hourglass(u: Whole, v: Whole, w: Whole) -> Points:
    between: Points = 4 * np.abs(u) < 80 + w // 2 + 3 * np.abs(v)
    return (np.abs(v) < 235) & between


def chevron(u: Whole, v: Whole, w: Whole) -> Points:
    return (np.abs(u) < 235) & (np.abs(v + 110 - np.abs(u)) < 60 + w // 6)


def half_disc(u: Whole, v: Whole, w: Whole) -> Points:
    return _near(u, v + 110, 250) & (v > w // 8 - 110)


def dumb_bell(u: Whole, v: Whole, w: Whole) -> Points:
    ends = _near(np.abs(u) - 150, v, 85 + w // 8)
    return ends | ((np.abs(u) < 150) & (np.abs(v) < 25 + w // 10))


def dots(u: Whole, v: Whole, w: Whole) -> Points:
    return _within(u, v, 240) & _near((u + 240) % 160 - 80, (v + 240) % 160 - 80, 42 + w // 10)


TRANSFER: dict[str, Shape] = {
    "ring": ring,
    "triangle": triangle,
    "star": star,
    "cross": cross,
    "arrow": arrow,
    "house": house,
    "crescent": crescent,
    "spiral": spiral,
    "stripes": stripes,
    "checker": checker,
}
SOURCE: dict[str, Shape] = {
    "disc": disc,
    "square": square,
    "frame": frame,
    "tee": tee,
    "corner": corner,
    "hourglass": hourglass,
    "chevron": chevron,
    "half-disc": half_disc,
    "dumb-bell": dumb_bell,
    "dots": dots,
}
