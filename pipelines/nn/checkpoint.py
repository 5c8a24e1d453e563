"""Atomic save and verified load of tensors and plain values, as one safetensors file: nothing in it can run code.

A state is a tree of dicts and lists whose leaves are tensors or JSON values, for example
`{"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3}`. Tensors are stored under their path
in the tree (`model.output.weight`); everything else is JSON in the file's header, with a digest of the whole.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_bytes
from torch import Tensor

from pipelines.files import write_atomically

_STATE = "sha256 and tree"  # the header's entry: the digest, a blank, the tree as JSON
_TENSOR = "__tensor__"  # replaces a tensor in the JSON tree
_ITEMS = "__items__"  # a dict whose keys are not strings (an optimiser's state), as pairs


def save(path: Path, state: Mapping[str, Any]) -> None:
    """Writes `state` to `path` so that a reader finds the old file or the new one, never a part of it."""
    tensors: dict[str, Tensor] = {}
    tree = json.dumps(_pack(state, "", tensors))
    # One entry: safetensors writes several in random order, and the same state shall be the same bytes.
    write_atomically(path, to_bytes(tensors, metadata={_STATE: f"{_digest(tree, tensors)} {tree}"}))


def load(path: Path, device: torch.device | str = "cpu") -> dict[str, Any]:
    """The state saved at `path`, its tensors on `device`.

    Raises ValueError when the file is truncated or its content is not what was saved.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
    except SafetensorError as error:
        raise ValueError(f"{path} is not a whole safetensors file ({error}): delete it to start anew") from None
    digest, _, tree = metadata.get(_STATE, "").partition(" ")
    if _digest(tree, tensors) != digest:
        raise ValueError(f"{path} has changed since it was saved (its digest differs): delete it to start anew")
    state: dict[str, Any] = _unpack(json.loads(tree), {n: t.to(device) for n, t in tensors.items()})
    return state


def _pack(value: Any, path: str, tensors: dict[str, Tensor]) -> Any:
    if isinstance(value, Tensor):
        while path in tensors:  # a key "a.b" beside a key "a" that holds "b"
            path += "'"
        tensors[path] = value.detach().cpu().contiguous().clone()  # clone: safetensors refuses shared storage
        return {_TENSOR: path}
    if isinstance(value, Mapping):
        packed = [[key, _pack(item, f"{path}.{key}".lstrip("."), tensors)] for key, item in value.items()]
        plain = all(isinstance(key, str) and key not in (_TENSOR, _ITEMS) for key in value)
        return dict(packed) if plain else {_ITEMS: packed}
    if isinstance(value, list | tuple):
        return [_pack(item, f"{path}.{index}", tensors) for index, item in enumerate(value)]
    return value


def _unpack(value: Any, tensors: Mapping[str, Tensor]) -> Any:
    if isinstance(value, list):
        return [_unpack(item, tensors) for item in value]
    if not isinstance(value, dict):
        return value
    if _TENSOR in value:
        return tensors[value[_TENSOR]]
    items = value[_ITEMS] if _ITEMS in value else value.items()
    return {key: _unpack(item, tensors) for key, item in items}


def _digest(tree: str, tensors: Mapping[str, Tensor]) -> str:
    digest = hashlib.sha256(tree.encode())
    for name in sorted(tensors):
        digest.update(f"{name} {tensors[name].dtype} {tuple(tensors[name].shape)}".encode())
        digest.update(tensors[name].reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
