"""Pictures of shapes: 32 by 32 pixels in colour, each shape somewhere, somehow turned, large or small, in clutter.

A shape is lighter or darker than its background at random, and every colour is drawn anew for every picture, so that
neither colour nor a sum over pixels reveals a shape. Light is warm and comes from above, so that exchanged channels and
pictures upside down can be noticed. All is computed in whole numbers: a seed gives the same bytes on
every machine.
"""

import math
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from stages.pictures.shapes import Shape, Whole, bar, blob

SIDE = 32  # pixels
FINE = 4  # coordinates are quarters of a pixel; a pixel is asked at the four points in the middle of its quarters
POINTS = ((1, 1), (1, 3), (3, 1), (3, 3))
TURN = 256  # a full turn
BEHIND, BEFORE = (bar, bar, blob), (blob,)  # clutter, seen from the shape
BATCH = 128  # pictures drawn at a time, as many as a processor's cache holds; another number gives others

Pixels = NDArray[np.uint8]  # (N, 32, 32, 3)

_COSINE = np.array([round(1024 * math.cos(2 * math.pi * step / TURN)) for step in range(TURN)], np.int32)
# From five corners to 32 pixels, linear between: sixteenths of either neighbour.
_SOFT = np.array(
    [[max(0, 16 - abs(2 * pixel + 1 - 16 * corner)) for corner in range(5)] for pixel in range(SIDE)], np.int32
)
_FROM_ABOVE = (SIDE // 2 - np.arange(SIDE, dtype=np.int32)).reshape(1, SIDE, 1)
_LIGHT = np.array([256, 236, 204], np.int32).reshape(3, 1, 1)  # of 256: red, green, blue


class Chance:
    """Random whole numbers, many at a time, from the one bit stream that numpy promises never to change."""

    def __init__(self, seed: str) -> None:
        self._bits = np.random.PCG64(int.from_bytes(sha256(seed.encode()).digest(), "big"))

    def whole(self, low: int, high: int, *shape: int) -> Whole:
        """Numbers from `low` to `high`, both included."""
        count = math.prod(shape)
        drawn = self._bits.random_raw(count // 4 + 1).astype("<u8").view("<u2")[:count].astype(np.int32)
        return (low + (drawn * (high - low + 1) >> 16)).reshape(shape)

    def sign(self, *shape: int) -> Whole:
        """1 or -1."""
        return 2 * self.whole(0, 1, *shape) - 1


@dataclass(frozen=True)
class Place:
    """Where a shape lies in each picture of a batch, all (N, 1, 1): centre and radius in quarters of a pixel, turn."""

    across: Whole
    down: Whole
    radius: Whole
    turn: Whole

    def covered(self, shape: Shape, w: Whole) -> Whole:
        """How much of each pixel the shape covers, 0 to 4."""
        scale = (1 << 14) // self.radius  # with the 1024 of the cosine and >> 16 below, a radius comes to 256
        cosine, sine = scale * _COSINE[self.turn % TURN], scale * _COSINE[(self.turn - TURN // 4) % TURN]
        found = np.zeros((len(self.turn), SIDE, SIDE), np.int32)
        for right, below in POINTS:
            x = (FINE * np.arange(SIDE, dtype=np.int32) + right)[None, None, :] - self.across
            y = (FINE * np.arange(SIDE, dtype=np.int32) + below)[None, :, None] - self.down
            u, v = (x * cosine + y * sine) >> 16, (y * cosine - x * sine) >> 16
            found += shape(u, v, w)
        return found


def draw(shape: Shape, count: int, chance: Chance) -> Pixels:
    """`count` pictures of one shape."""
    sizes = [min(BATCH, count - start) for start in range(0, count, BATCH)]
    return np.concatenate([_batch(shape, size, chance) for size in sizes])


def _batch(shape: Shape, count: int, chance: Chance) -> Pixels:
    ground = chance.whole(56, 200, count, 3, 1, 1)
    canvas = ground + _blotches(count, chance) + _FROM_ABOVE
    for piece in BEHIND:
        _clutter(canvas, ground, piece, (6, 20), chance)
    radius = chance.whole(30, 52, count, 1, 1)
    room = 64 - 7 * radius // 8  # most of the shape stays within the picture
    place = Place(
        across=64 + chance.whole(-256, 256, count, 1, 1) * room // 256,
        down=64 + chance.whole(-256, 256, count, 1, 1) * room // 256,
        radius=radius,
        turn=chance.whole(-TURN // 8, TURN // 8, count, 1, 1),
    )
    _paint(canvas, place.covered(shape, chance.whole(0, 255, count, 1, 1)), _against(ground, chance))
    for piece in BEFORE:
        _clutter(canvas, ground, piece, (4, 8), chance)
    noise = chance.whole(2, 20, count, 1, 1, 1)
    canvas += chance.whole(-128, 127, *canvas.shape) * noise >> 8
    return (canvas * _LIGHT >> 8).clip(0, 255).astype(np.uint8).transpose(0, 2, 3, 1)


def _blotches(count: int, chance: Chance) -> Whole:
    """What no background lacks: a few soft lighter and darker places, between five by five corners."""
    corners = chance.whole(-44, 44, count, 3, 5, 5)
    return np.asarray(_SOFT @ corners @ _SOFT.T >> 8)


def _clutter(canvas: Whole, ground: Whole, piece: Shape, radii: tuple[int, int], chance: Chance) -> None:
    """One small thing more, anywhere."""
    count = len(canvas)
    place = Place(
        across=chance.whole(0, 127, count, 1, 1),
        down=chance.whole(0, 127, count, 1, 1),
        radius=chance.whole(*radii, count, 1, 1),
        turn=chance.whole(0, TURN - 1, count, 1, 1),
    )
    _paint(canvas, place.covered(piece, chance.whole(0, 255, count, 1, 1)), _against(ground, chance))


def _against(ground: Whole, chance: Chance) -> Whole:
    """A colour that is lighter or darker than the ground."""
    brightness = ground.sum(axis=1, keepdims=True) // 3
    sign = np.where(brightness < 96, 1, np.where(brightness > 160, -1, chance.sign(*brightness.shape)))
    found = ground + sign * chance.whole(56, 112, *brightness.shape) + chance.whole(-36, 36, *ground.shape)
    return found.astype(np.int32)


def _paint(canvas: Whole, covered: Whole, colour: Whole) -> None:
    canvas += (colour - canvas) * covered[:, None] >> 2
