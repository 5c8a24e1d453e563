"""What several runs of a pipeline share is computed once and kept in a file of their folder `cache`."""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock
from torch import Tensor

from pipelines.files import digest_of, write_atomically


def digest(tensors: Mapping[str, Tensor], settings: Any, code: str) -> str:
    """16 hex digits that depend on named tensors, on str(settings), and on the code that computes from them."""
    found = hashlib.sha256(f"{code} {settings}".encode())
    for name, tensor in tensors.items():
        found.update(f"{name} {tuple(tensor.shape)}".encode())
        found.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return found.hexdigest()[:16]


def compute_once(path: Path, write: Callable[[Path], None]) -> None:
    """Has `write` make the file where it is missing or damaged; `write` must be atomic.

    Processes that need the same file at the same time wait for the one that makes it. The lock is the operating
    system's: it is released when its process ends, however that ends, and then the next one makes the file.
    """
    if _is_whole(path):
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_name(f".{path.name}.lock")):
        if not _is_whole(path):  # another process may have made it while this one waited
            write(path)
            write_atomically(_note(path), digest_of(path).encode())


def _note(path: Path) -> Path:
    """The file that holds the digest of another."""
    return path.with_suffix(".sha256")


def _is_whole(path: Path) -> bool:
    return path.is_file() and _note(path).is_file() and _note(path).read_bytes() == digest_of(path).encode()
