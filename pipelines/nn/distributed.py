"""One run trained by several processes of one machine, a GPU each, as torchrun starts them.

    python -m torch.distributed.run --nproc-per-node 2 -m pipelines bare vgg16-images random

Every process goes through the same batches and takes its share of each. The loss is the mean over the whole batch, and
DistributedDataParallel gives every process the gradient of that mean: all take the same step, which is the one that a
single process takes, but for the last digits and for what a network draws itself (dropout). What is computed once is
computed by the first process, which alone writes and prints.
"""

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.rendezvous import rendezvous
from torch.nn.parallel import DistributedDataParallel

HOW = "python -m torch.distributed.run --nproc-per-node N -m pipelines bare PIPELINE"
MEETING = timedelta(minutes=5)  # within it all processes have started
PATIENCE = timedelta(days=1)  # the others wait for what the first computes alone; torchrun ends them if it fails


@dataclass(frozen=True)
class Place:
    """Which of the processes this is."""

    rank: int
    size: int  # how many there are

    @staticmethod
    def found(environment: Mapping[str, str]) -> "Place | None":
        """As torchrun's variables say; None without them. Raises ValueError where they make no sense."""
        numbers = {name: environment.get(name) for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE")}
        if not any(numbers.values()):
            return None
        told = {**numbers, **{name: environment.get(name) for name in ("MASTER_ADDR", "MASTER_PORT")}}
        if missing := [name for name, value in told.items() if not value]:
            there = ", ".join(name for name, value in told.items() if value)
            raise ValueError(f"{there} is set and {', '.join(missing)} is not: start several processes by `{HOW}`")
        if wrong := [f"{name}={value}" for name, value in numbers.items() if not str(value).isdecimal()]:
            raise ValueError(f"{wrong[0]} is no number: start several processes by `{HOW}`")
        rank, size, local_rank, local_size = (int(str(value)) for value in numbers.values())
        if local_size != size:
            raise ValueError(
                f"{size} processes, {local_size} of them on this machine: the processes of a run share its folder "
                "and must be on one machine, so torchrun's --nnodes must be 1"
            )
        if not rank == local_rank < size:
            raise ValueError(f"RANK={rank} and LOCAL_RANK={local_rank} of WORLD_SIZE={size}: start them by `{HOW}`")
        return Place(rank, size)


@contextlib.contextmanager
def joined() -> Iterator[None]:
    """Within it the processes that torchrun started work together; a process alone stays alone.

    Raises ValueError where torchrun's variables make no sense, and where the other processes do not come. What goes
    wrong is told by the process in which it did first; the others end without a word.
    """
    place = Place.found(os.environ)
    if place is None or place.size == 1:
        yield
        return
    for library in ("GLOO", "NCCL"):  # nothing leaves the machine, and its name need not be known to anybody
        os.environ.setdefault(f"{library}_SOCKET_IFNAME", "lo")
    where = f"{os.environ['MASTER_ADDR']}:{os.environ['MASTER_PORT']}"
    try:
        store, rank, size = next(rendezvous("env://", timeout=MEETING))
    except dist.DistError as error:
        raise ValueError(
            f"process {place.rank} of {place.size} waited in vain for the others at {where}: {error}"
        ) from None
    with _one_voice(store):
        cuda = torch.cuda.is_available()
        if cuda and place.rank < torch.cuda.device_count():
            torch.cuda.set_device(place.rank)  # the device `cuda` is now this process's own
        dist.init_process_group(
            "cpu:gloo,cuda:nccl" if cuda else "gloo", store=store, rank=rank, world_size=size, timeout=PATIENCE
        )
        yield
        dist.destroy_process_group()


@contextlib.contextmanager
def _one_voice(store: Any) -> Iterator[None]:
    try:
        yield
    except (Exception, KeyboardInterrupt) as error:
        with contextlib.suppress(RuntimeError):  # the store is gone: so is who held it
            if store.add("faults told", 1) == 1:
                raise
        raise SystemExit(130 if isinstance(error, KeyboardInterrupt) else 1) from None


def several() -> bool:
    return dist.is_initialized()


def rank() -> int:
    return dist.get_rank() if several() else 0


def size() -> int:
    return dist.get_world_size() if several() else 1


def check(device: torch.device) -> None:
    """Raises ValueError where there are fewer GPUs than processes that want one."""
    if several() and device.type == "cuda" and size() > torch.cuda.device_count():
        raise ValueError(
            f"{size()} processes want a GPU each, and torch finds {torch.cuda.device_count()} here: lower torchrun's "
            "--nproc-per-node, or set device to cpu in params.yaml"
        )


@contextlib.contextmanager
def first_alone() -> Iterator[None]:
    """The first process goes through it, then all others: what it wrote, they find."""
    if rank() > 0:
        _meet()
    yield
    if several() and rank() == 0:
        _meet()


def _meet() -> None:
    dist.all_reduce(torch.zeros(()))


def own_chance(*seeds: int) -> None:
    """Where there are several processes, each draws random numbers of its own from here on, always the same ones."""
    if several():
        torch.manual_seed(int(np.random.SeedSequence((*seeds, rank())).generate_state(1)[0]))


def share_of(count: int) -> slice:
    """Which of so many rows are this process's: the shares differ by one row at most, and can be empty."""
    return slice(count * rank() // size(), count * (rank() + 1) // size())


def mean(value: float, share: int) -> float:
    """The mean over all rows of what is `value` on average over the `share` rows of this process."""
    if not several():
        return value
    total = torch.tensor([value * share if share else 0.0, share], dtype=torch.double)
    dist.all_reduce(total)
    return float(total[0] / total[1])


@dataclass(frozen=True)
class Share:
    """What a process takes of a batch: the same rows of each of its tensors."""

    parts: tuple[Tensor, ...]
    weight: float  # its share of the batch's rows

    @staticmethod
    def of(batch: Sequence[Tensor]) -> "Share":
        rows = share_of(len(batch[0]))
        return Share(tuple(part[rows] for part in batch), (rows.stop - rows.start) / len(batch[0]))


def over_all(loss: Callable[[nn.Module, Any], Tensor]) -> Callable[[nn.Module, Share], Tensor]:
    """A mean over a batch's rows, computed by all processes together: each has the whole batch's value."""

    def found(model: nn.Module, share: Share) -> Tensor:
        value = loss(model, share.parts)
        # The mean over no rows is no number, and its gradient is 0 everywhere, as it should be.
        part = value * share.weight if share.weight else value.nan_to_num(0.0)
        total: Tensor = _Total.apply(part)
        return total

    return found


class _Total(torch.autograd.Function):
    """The sum over processes. DistributedDataParallel divides gradients by their number, so it is multiplied here."""

    @staticmethod
    def forward(_context: Any, part: Tensor) -> Tensor:
        total = part.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(_context: Any, gradient: Tensor) -> Tensor:
        return gradient * size()


class Averaged:
    """Calls a network, or what is behind its frozen layers, so that all processes get the same gradients.

    DistributedDataParallel averages the parameters that are learned when it is built: it is built anew whenever these
    are others.
    """

    def __init__(self, network: nn.Module, call: Callable[[Tensor], Tensor]) -> None:
        self._called = _Called(network, call)
        self._learned: list[bool] = []
        self._parallel: DistributedDataParallel | None = None

    def __call__(self, inputs: Tensor) -> Tensor:
        learned = [parameter.requires_grad for parameter in self._called.parameters()]
        if self._parallel is None or learned != self._learned:
            # Buffers are not handed round: they stand still, or all processes compute the same (SyncBatchNorm).
            self._parallel = None  # the old one lets go of the parameters first
            self._parallel = DistributedDataParallel(self._called, forward_sync_buffers=False)
            self._learned = learned
        answer: Tensor = self._parallel(inputs)
        return answer


class _Called(nn.Module):
    """What is called, as a module that has the network's parameters."""

    def __init__(self, network: nn.Module, call: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.network = network
        self._call = [call]  # in a list: a module here would be a second name for the same parameters

    def forward(self, inputs: Tensor) -> Tensor:
        return self._call[0](inputs)
