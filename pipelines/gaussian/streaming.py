"""Moments of more numbers than fit into memory: in one pass, in chunks of any size, by any number of workers.

The bits of the result depend only on the rows and their order. Rows are cut into blocks at fixed row numbers; the
moments of a block are taken at once; and blocks are merged in a binary tree whose shape follows from their numbers:
block 0 with 1, 2 with 3, then (0, 1) with (2, 3), and so on. Two siblings may be merged by any worker and in any order
of arrival; nothing else is merged before the end. So a stream keeps one node for each level of the tree, and the rows
of incomplete blocks.
"""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial, reduce
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.stats import moments
from pipelines.stats.moments import Array, Moments
from pipelines.stats.values import checked_numbers

BLOCK = 2**16  # values, so that a block and its temporaries fit a core's cache
Node = tuple[int, int]  # level and number: its first block is number * 2**level, and it has 2**level of them


class Stream:
    """The moments of rows that arrive in chunks.

    `first` is the number of a worker's first row; the streams of all workers are then merged, in any order.
    """

    def __init__(self, features: int = 1, *, first: int = 0, highest: int = 2, products: bool = False) -> None:
        if features < 1 or first < 0 or highest not in (2, 4):
            raise ValueError(
                f"features is {features}, first {first}, highest {highest}: "
                "expected at least one feature, a row number from 0 on, and powers up to 2 or 4"
            )
        self._features, self._next = features, first
        self._block = rows_of_a_block(features)
        self._take = partial(moments.of_blocks, highest=highest, products=products)
        self._scratch = np.empty((2, self._block * features))
        self._nodes: dict[Node, Moments] = {}
        self._open: list[Array] = []  # the last rows, of a block that is not complete yet
        self._loose: dict[int, dict[int, Array]] = {}  # block -> first row -> rows, of blocks shared with other streams

    def add(self, rows: Any) -> None:
        """Adds the next rows: (n, p), or (n,) of one feature. Raises ValueError for a row that is not finite."""
        rows = checked_numbers(rows, "rows", first_row=self._next, are_finite=False)
        if not len(rows):
            return
        rows = rows.reshape(len(rows), -1)
        if rows.shape[1] != self._features:
            raise ValueError(f"rows have {rows.shape[1]} features: this stream is of {self._features}")
        head = min(-self._next % self._block, len(rows))
        if head:
            self._open.append(rows[:head].copy())
            self._next += head
            if self._next % self._block == 0:
                self._close()
        if whole := (len(rows) - head) // self._block:
            blocks = rows[head : head + whole * self._block].reshape(whole, self._block, self._features)
            self.add_blocks(self._moments(self._next, blocks))
        if tail := len(rows) - head - whole * self._block:
            self._open.append(rows[-tail:].copy())
            self._next += tail

    def add_blocks(self, blocks: Moments) -> None:
        """Adds the next rows as the moments of whole blocks of `rows_of_a_block` rows, side by side.

        Raises ValueError if the rows before do not end with a block.
        """
        if self._next % self._block:
            raise ValueError(f"row {self._next} begins no block: blocks have {self._block} rows")
        self._plant(0, self._next // self._block, blocks)
        self._next += len(blocks.count) * self._block

    def merge(self, other: "Stream") -> None:
        """Adds the rows of another stream, which are before or after those of this one."""
        for (level, number), node in other._nodes.items():
            self._graft(level, number, node)
        other._close()
        for parts in other._loose.values():
            for start, rows in parts.items():
                self._keep(start, rows)

    def moments(self) -> Moments:
        """The moments of all rows so far. Raises ValueError if there are none, or if rows were added twice."""
        self._close()
        pieces = [(number << level, 1 << level, node) for (level, number), node in self._nodes.items()]
        pieces += [(block, 1, self._of_loose(parts)) for block, parts in self._loose.items()]
        if not pieces:
            raise ValueError("no rows: there are no moments")
        pieces.sort(key=lambda piece: piece[0])
        for (block, size, _), (after, _, _) in pairwise(pieces):
            if block + size > after:
                raise _twice(after * self._block)
        return reduce(moments.merge, (piece for _, _, piece in pieces))

    def _plant(self, level: int, number: int, siblings: Moments) -> None:
        """Adds consecutive nodes of one level, of which `number` is the first, merging all that are siblings."""
        while count := len(siblings.count):
            if number % 2:
                self._graft(level, number, siblings.at(0))
                siblings, number = siblings.at(slice(1, None)), number + 1
            elif count % 2:
                self._graft(level, number + count - 1, siblings.at(-1))
                siblings = siblings.at(slice(None, -1))
            else:
                siblings = moments.merge(siblings.at(slice(0, None, 2)), siblings.at(slice(1, None, 2)))
                level, number = level + 1, number // 2

    def _graft(self, level: int, number: int, node: Moments) -> None:
        while (sibling := self._nodes.pop((level, number ^ 1), None)) is not None:
            node = moments.merge(sibling, node) if number % 2 else moments.merge(node, sibling)
            level, number = level + 1, number // 2
        if (level, number) in self._nodes:
            raise _twice((number << level) * self._block)
        self._nodes[level, number] = node

    def _close(self) -> None:
        """Ends the open block here: its other rows, if any, come from other streams."""
        if self._open:
            rows = np.concatenate(self._open)
            self._open = []
            self._keep(self._next - len(rows), rows)

    def _keep(self, start: int, rows: Array) -> None:
        """Keeps rows of one block until the block is complete."""
        block = start // self._block
        parts = self._loose.setdefault(block, {})
        if start in parts:
            raise _twice(start)
        parts[start] = rows
        if sum(map(len, parts.values())) >= self._block:
            self._graft(0, block, self._of_loose(self._loose.pop(block)))

    def _of_loose(self, parts: dict[int, Array]) -> Moments:
        ordered = sorted(parts.items())
        for (start, rows), (after, _) in pairwise(ordered):
            if start + len(rows) > after:
                raise _twice(after)
        return self._moments(ordered[0][0], np.concatenate([rows for _, rows in ordered])[None]).at(0)

    def _moments(self, start: int, blocks: Array) -> Moments:
        scratch = self._scratch if blocks.shape[1] == self._block else None
        found = self._take(blocks, scratch=scratch)
        if not np.isfinite(found.powers).all():
            checked_numbers(blocks.reshape(-1, self._features), "rows", first_row=start)
            raise ValueError(f"rows from {start} on hold numbers too large for their powers: divide by a common factor")
        return found


def _twice(row: int) -> ValueError:
    return ValueError(f"row {row} was added twice: give each worker its own rows, and the number of its first row")


def rows_of_a_block(features: int) -> int:
    """The rows of a block. Workers whose parts begin at multiples of it have the fewest rows to pass on."""
    return max(64, BLOCK // features)


def of_rows(rows: Any, *, highest: int = 2, products: bool = False, workers: int = 1) -> Moments:
    """The moments of rows in memory, (n, p) or (n,), by `workers` threads; the bits do not depend on their number."""
    rows = np.asarray(rows)
    features = int(np.prod(rows.shape[1:]))
    size = rows_of_a_block(max(features, 1))
    share = max(1, -(-len(rows) // size // workers)) * size  # whole blocks

    def part(first: int) -> Stream:
        stream = Stream(features, first=first, highest=highest, products=products)
        stream.add(rows[first : first + share])
        return stream

    starts = range(0, len(rows), share)
    if workers == 1:
        return _merged(map(part, starts)).moments()
    with ThreadPoolExecutor(workers) as pool:
        return _merged(pool.map(part, starts)).moments()


def of_chunks(chunks: Iterable[Any], features: int = 1, *, highest: int = 2, products: bool = False) -> Moments:
    """The moments of rows in chunks of any size, of which one at a time is in memory."""
    stream = Stream(features, highest=highest, products=products)
    for rows in chunks:
        stream.add(rows)
    return stream.moments()


def of_files(
    paths: Sequence[Path],
    columns: Sequence[str],
    *,
    highest: int = 2,
    products: bool = False,
    by: Callable[..., Iterable[Stream]] = map,
) -> Moments:
    """The moments of some columns of Parquet files, whose rows are numbered in the order of `paths`.

    by(function, arguments) distributes the work, a file at a time: `map` in this process, `Executor.map` of
    concurrent.futures over its processes, `Client.get_executor().map` of Dask over its machines.
    """
    import pyarrow.parquet as pq

    first, parts = 0, []
    for path in paths:
        parts.append((path, first))
        first += pq.read_metadata(path).num_rows
    if not parts:
        raise ValueError("no files to take moments of")
    return _merged(by(partial(_of_file, columns=list(columns), highest=highest, products=products), parts)).moments()


def _of_file(part: tuple[Path, int], columns: list[str], highest: int, products: bool) -> Stream:
    import pyarrow.parquet as pq

    path, first = part
    file = pq.ParquetFile(path)
    if missing := [name for name in columns if name not in file.schema_arrow.names]:
        raise ValueError(f"{path} has no column {missing[0]!r}: it has {', '.join(file.schema_arrow.names)}")
    stream = Stream(len(columns), first=first, highest=highest, products=products)
    for batch in file.iter_batches(columns=columns):
        stream.add(np.column_stack([batch.column(name).to_numpy(zero_copy_only=False) for name in columns]))
    return stream


def _merged(streams: Iterable[Stream]) -> Stream:
    whole, *others = streams
    for stream in others:
        whole.merge(stream)
    return whole
