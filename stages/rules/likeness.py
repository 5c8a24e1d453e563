"""Whether pictures look like their class, by a simple measure.

A picture is described by its edges: how strong they are in each of 4 by 4 fields and 8 directions. The class whose mean
is nearest is right for 40% of CIFAR-10's pictures, 45% of the drawn ones and 85% of digits, where chance is right for
10%: far from good, but far enough from chance to notice labels of other pictures.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stages.pictures.drawing import SIDE, Pixels

FIELDS, DIRECTIONS = 4, 8
CHUNK = 500  # pictures at a time, as many as a processor's cache holds
LOOKED_AT = 5000  # pictures of a table, at most: more would only cost time
STANDARD_ERRORS = 4.0  # by which another class must be nearer to count: one in 30,000 at random

Features = NDArray[np.float32]
Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Likeness:
    """How the pictures of a table compare with the class means of another part of their task."""

    right: float  # share that is nearest to the mean of its own class
    nearer_to: dict[int, int]  # a class -> another one, whose mean its pictures are nearer to on the whole


def fair_sample(count: int, of_turn: int) -> Indices:
    """Rows to look at, taken evenly and by whole turns through the classes, so that all classes get as many."""
    turn = np.arange(count) // of_turn
    return np.flatnonzero(turn % max(1, count // LOOKED_AT) == 0)


def edges(pixels: Pixels) -> Features:
    """(N, 128): the root of each share that a direction in a field has of all edges."""
    found = [_edges(pixels[start : start + CHUNK]) for start in range(0, len(pixels), CHUNK)]
    return np.concatenate([np.zeros((0, FIELDS * FIELDS * DIRECTIONS), np.float32), *found])


def _edges(pixels: Pixels) -> Features:
    light = pixels.sum(axis=3, dtype=np.int32).astype(np.float32)
    across, down = np.zeros_like(light), np.zeros_like(light)
    across[:, :, 1:-1] = light[:, :, 2:] - light[:, :, :-2]
    down[:, 1:-1] = light[:, 2:] - light[:, :-2]
    direction = (np.arctan2(down, across) * (DIRECTIONS / np.pi)).astype(np.int64) % DIRECTIONS
    place = np.arange(SIDE) // (SIDE // FIELDS)
    field = FIELDS * place[:, None] + place + FIELDS * FIELDS * np.arange(len(pixels))[:, None, None]
    size = FIELDS * FIELDS * DIRECTIONS
    found = np.bincount((DIRECTIONS * field + direction).ravel(), np.hypot(across, down).ravel(), size * len(pixels))
    shares = found.reshape(len(pixels), size)
    return np.asarray(np.sqrt(shares / np.maximum(shares.sum(axis=1, keepdims=True), 1)), np.float32)


def class_means(features: Features, labels: Indices, classes: int) -> Features:
    """(C, 128); that of a class without pictures is 0, as far from all."""
    of_class = [features[labels == label] for label in range(classes)]
    return np.stack([some.sum(axis=0) / max(len(some), 1) for some in of_class])


def likeness(features: Features, labels: Indices, means: Features) -> Likeness:
    """Compare pictures with class means that were taken of other pictures."""
    distances = ((features[:, None] - means) ** 2).sum(axis=2)  # (N, C)
    nearer = np.zeros((len(means), len(means)))  # of a row's class to a column's, in standard errors
    for label in range(len(means)):
        own = distances[labels == label]
        if len(own) > 1:
            closer = own[:, [label]] - own
            nearer[label] = closer.mean(axis=0) / (closer.std(axis=0) / np.sqrt(len(own)) + 1e-9)
    far = np.maximum(nearer, (nearer + nearer.T) / np.sqrt(2))  # of two classes exchanged, both have come too near
    nearer_to = {label: int(row.argmax()) for label, row in enumerate(far) if row.max() > STANDARD_ERRORS}
    return Likeness(int((distances.argmin(axis=1) == labels).sum()) / max(len(labels), 1), nearer_to)
