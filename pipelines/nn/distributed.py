"""One run trained by several processes of one machine, a GPU each, as torchrun starts them.

    python -m torch.distributed.run --nproc-per-node 2 -m pipelines standalone vgg16-images random

Every process draws the same batches and takes its shard of each. The loss is the mean over the whole batch, and
DistributedDataParallel gives every process the gradient of that mean, so all take the same step. It is the step of a
single process, except for rounding and for what a network draws itself (dropout). What is needed once is computed by
rank 0, which alone writes and prints.
"""

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.rendezvous import rendezvous
from torch.nn.parallel import DistributedDataParallel

Model = TypeVar("Model", bound=nn.Module)

USAGE = "python -m torch.distributed.run --nproc-per-node N -m pipelines standalone PIPELINE"
RENDEZVOUS_TIMEOUT = timedelta(minutes=5)  # for all processes to start
# The others wait at a barrier for what rank 0 computes alone, which can take hours; torchrun ends them if it fails.
COLLECTIVE_TIMEOUT = timedelta(days=1)


@dataclass(frozen=True)
class Group:
    """The processes that train a run together, and which of them this one is; by default it is alone."""

    rank: int = 0
    world_size: int = 1

    @staticmethod
    def from_environment(environment: Mapping[str, str]) -> "Group":
        """By torchrun's variables; without them the process is alone. Raises ValueError where they make no sense."""
        numbers = {name: environment.get(name) for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE")}
        if not any(numbers.values()):
            return ALONE
        variables = {**numbers, **{name: environment.get(name) for name in ("MASTER_ADDR", "MASTER_PORT")}}
        if missing := [name for name, value in variables.items() if not value]:
            present = ", ".join(name for name, value in variables.items() if value)
            raise ValueError(f"{present} is set and {', '.join(missing)} is not: start several processes by `{USAGE}`")
        if wrong := [f"{name}={value}" for name, value in numbers.items() if not str(value).isdecimal()]:
            raise ValueError(f"{wrong[0]} is not a number: start several processes by `{USAGE}`")
        rank, world_size, local_rank, local_size = (int(str(value)) for value in numbers.values())
        if local_size != world_size:
            raise ValueError(
                f"{world_size} processes, {local_size} of them on this machine: the processes of a run share its "
                "folder and must be on one machine, so torchrun's --nnodes must be 1"
            )
        if not rank == local_rank < world_size:
            raise ValueError(
                f"RANK={rank} and LOCAL_RANK={local_rank} of WORLD_SIZE={world_size}: start them by `{USAGE}`"
            )
        return Group(rank, world_size)

    @property
    def is_distributed(self) -> bool:
        return self.world_size > 1

    def check_gpus(self, device: torch.device) -> None:
        """Raises ValueError where there are fewer GPUs than processes that need one."""
        if self.is_distributed and device.type == "cuda" and self.world_size > torch.cuda.device_count():
            raise ValueError(
                f"{self.world_size} processes need a GPU each, and torch finds {torch.cuda.device_count()} here: lower "
                "torchrun's --nproc-per-node, or set device to cpu in params.yaml"
            )

    @contextlib.contextmanager
    def zero_first(self) -> Iterator[None]:
        """Rank 0 runs the block before all others: they find what it wrote."""
        if self.rank > 0:
            _barrier()
        yield
        if self.is_distributed and self.rank == 0:
            _barrier()

    def seed(self, *seeds: int) -> None:
        """Seeds torch's generator for each rank, always the same for the same `seeds`; does nothing when alone."""
        if self.is_distributed:
            torch.manual_seed(int(np.random.SeedSequence((*seeds, self.rank)).generate_state(1)[0]))

    def rows_of(self, count: int) -> slice:
        """This rank's rows out of `count`; shards differ by one row at most, and can be empty."""
        return slice(count * self.rank // self.world_size, count * (self.rank + 1) // self.world_size)

    def shard(self, batch: Sequence[Tensor]) -> "Shard":
        """This rank's shard of a batch, the tensors of which have as many rows."""
        count = len(batch[0])
        rows = self.rows_of(count)
        return Shard(tuple(tensor[rows] for tensor in batch), (rows.stop - rows.start) / count)

    def mean(self, value: float, rows: int) -> float:
        """The mean over the rows of all ranks, from the mean `value` over the `rows` of this one."""
        if not self.is_distributed:
            return value
        total = torch.tensor([value * rows if rows else 0.0, rows], dtype=torch.double)
        dist.all_reduce(total)
        return float(total[0] / total[1])

    def loss(self, loss: Callable[[Model, Any], Tensor]) -> Callable[[Model, "Shard"], Tensor]:
        """From `loss(model, tensors)`, a mean over rows, the mean over the whole batch; all ranks get its value."""

        def of_shard(model: Model, shard: Shard) -> Tensor:
            value = loss(model, shard.tensors)
            if not self.is_distributed:
                return value
            # The mean over no rows is nan; its gradient is 0 everywhere, as it should be.
            part = value * shard.weight if shard.weight else value.nan_to_num(0.0)
            total: Tensor = _AllReduceSum.apply(part)
            return total

        return of_shard

    def parallel(self, network: nn.Module, call: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
        """`call`, which runs a part of `network`, such that all ranks get the same gradients."""
        return ParallelCall(network, call) if self.is_distributed else call


ALONE = Group()


@dataclass(frozen=True)
class Shard:
    """One rank's rows of a batch."""

    tensors: tuple[Tensor, ...]
    weight: float  # its share of the batch's rows


def group() -> Group:
    """The group that this process is in."""
    return Group(dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else ALONE


@contextlib.contextmanager
def process_group() -> Iterator[Group]:
    """Within it the processes that torchrun started are a group; a process that it did not start is alone.

    Raises ValueError where torchrun's variables make no sense, and where the other processes do not start in time. Of
    several ranks that fail, the first one's error is raised; the others exit silently.
    """
    planned = Group.from_environment(os.environ)
    if not planned.is_distributed:
        yield planned
        return
    for library in ("GLOO", "NCCL"):  # loopback alone: nothing leaves the machine, and no host name is looked up
        os.environ.setdefault(f"{library}_SOCKET_IFNAME", "lo")
    where = f"{os.environ['MASTER_ADDR']}:{os.environ['MASTER_PORT']}"
    try:
        store, rank, world_size = next(rendezvous("env://", timeout=RENDEZVOUS_TIMEOUT))
    except dist.DistError as error:
        raise ValueError(
            f"process {planned.rank} of {planned.world_size} waited in vain for the others at {where}: {error}"
        ) from None
    with _first_failure_reports(store):
        cuda = torch.cuda.is_available()
        if cuda and planned.rank < torch.cuda.device_count():
            torch.cuda.set_device(planned.rank)  # the device `cuda` is now this process's own
        dist.init_process_group(
            "cpu:gloo,cuda:nccl" if cuda else "gloo",
            store=store,
            rank=rank,
            world_size=world_size,
            timeout=COLLECTIVE_TIMEOUT,
        )
        yield planned
        dist.destroy_process_group()


@contextlib.contextmanager
def _first_failure_reports(store: Any) -> Iterator[None]:
    """When one rank fails, the collectives of the others fail too: only the first error names the cause."""
    try:
        yield
    except (Exception, KeyboardInterrupt) as error:
        with contextlib.suppress(RuntimeError):  # the process that held the store has ended
            if store.add("failures", 1) == 1:
                raise
        raise SystemExit(130 if isinstance(error, KeyboardInterrupt) else 1) from None


def _barrier() -> None:
    dist.all_reduce(torch.zeros(()))  # returns when all ranks have called it, and needs no GPU


class _AllReduceSum(torch.autograd.Function):
    """The sum over ranks. DistributedDataParallel divides gradients by their number, so it is multiplied here."""

    @staticmethod
    def forward(_context: Any, part: Tensor) -> Tensor:
        total = part.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(_context: Any, gradient: Tensor) -> Tensor:
        return gradient * dist.get_world_size()


class ParallelCall:
    """Calls a network, or what comes after its frozen layers, such that all ranks get the same gradients.

    DistributedDataParallel registers the parameters that are trained when it is built, so it is built again whenever
    others are (gradual unfreezing).
    """

    def __init__(self, network: nn.Module, call: Callable[[Tensor], Tensor]) -> None:
        self._module = _CallModule(network, call)
        self._trained: list[bool] = []
        self._parallel: DistributedDataParallel | None = None

    def __call__(self, inputs: Tensor) -> Tensor:
        trained = [parameter.requires_grad for parameter in self._module.parameters()]
        if self._parallel is None or trained != self._trained:
            # Buffers are not broadcast: they are constant, or all ranks compute the same (SyncBatchNorm).
            self._parallel = None  # the old one releases the parameters first
            self._parallel = DistributedDataParallel(self._module, forward_sync_buffers=False)
            self._trained = trained
        outputs: Tensor = self._parallel(inputs)
        return outputs


class _CallModule(nn.Module):
    """A call as a module that has the network's parameters."""

    def __init__(self, network: nn.Module, call: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.network = network
        self._call = [call]  # in a list: a module here would be a second name for the same parameters

    def forward(self, inputs: Tensor) -> Tensor:
        return self._call[0](inputs)
