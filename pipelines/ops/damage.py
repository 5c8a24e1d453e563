"""Outputs of stages that are not as their stage left them, by the digests in `dvc.lock`; DVC's own copies too.

DVC takes an output whose time and size have not changed for unchanged, and hands out a copy from its cache as it finds
it. So `make repro` computes the digests itself: what differs is removed, with the copies that differ, and made again.
"""

import hashlib
import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import yaml

from pipelines.runs import cores

LOCK = Path("dvc.lock")
KEYS = {"cmd", "deps", "params", "outs"}  # of a stage in dvc.lock
ENTRY = {"path": str, "hash": str, "md5": str, "size": int, "nfiles": int, "isexec": bool}
MD5 = re.compile(r"[0-9a-f]{32}(\.dir)?")
Outputs = dict[str, dict[str, str]]  # the md5 of each output, by stage and path


def mend(lock: Path = LOCK) -> None:
    """Removes what is damaged, so that DVC makes it again, and reports it by name."""
    if not lock.is_file():
        return
    try:
        stages = outputs(lock)
    except ValueError as error:
        target = lock.with_name(f"{lock.name}.damaged")
        lock.replace(target)
        print(f"{lock} is damaged ({error}): set aside as {target}; stages run again, finished runs are kept")
        return
    outs = [(stage, Path(path), md5) for stage, found in stages.items() for path, md5 in found.items()]
    with ThreadPoolExecutor(cores.count()) as pool:
        digests = list(pool.map(lambda out: digest_of(out[1]), outs))
    differing = [(stage, path, md5) for (stage, path, md5), found in zip(outs, digests, strict=True) if found != md5]
    if differing:
        cache = Path(subprocess.run(["dvc", "cache", "dir"], capture_output=True, text=True, check=True).stdout.strip())
        for stage, path, md5 in differing:
            _mend(stage, path, md5, cache)


def outputs(lock: Path) -> Outputs:
    """What dvc.lock says of outputs. Raises ValueError where it is not as DVC writes it."""
    try:
        content = yaml.load(lock.read_bytes(), yaml.CSafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(" ".join(str(error).split())) from None
    if not isinstance(content, dict) or content.get("schema") != "2.0" or content.keys() != {"schema", "stages"}:
        raise ValueError("expected 'schema: 2.0' and stages")
    if not isinstance(content["stages"], dict):
        raise ValueError("its stages are no mapping")
    return {str(name): _outputs_of(str(name), stage) for name, stage in content["stages"].items()}


def _outputs_of(name: str, stage: Any) -> dict[str, str]:
    if not isinstance(stage, dict) or not stage.keys() <= KEYS or not isinstance(stage.get("cmd"), str):
        raise ValueError(f"the entry of {name} is not as DVC writes it")
    for entry in [*(stage.get("deps") or []), *(stage.get("outs") or [])]:
        fits = isinstance(entry, dict) and all(type(value) is ENTRY.get(key) for key, value in entry.items())
        if not fits or "path" not in entry or not MD5.fullmatch(entry.get("md5", "0" * 32)):
            raise ValueError(f"an entry of {name} is not as DVC writes it: {entry}")
    return {entry["path"]: entry["md5"] for entry in stage.get("outs") or [] if "md5" in entry}


def digest_of(path: Path) -> str | None:
    """The digest that DVC gives a file, or a folder by the list of its files; None where there is neither."""
    if path.is_file():
        return _md5(path)
    if not path.is_dir():
        return None
    files = {file.relative_to(path).as_posix(): file for file in path.rglob("*") if file.is_file()}
    listing = [{"md5": _md5(files[name]), "relpath": name} for name in sorted(files)]
    return hashlib.md5(json.dumps(listing).encode(), usedforsecurity=False).hexdigest() + ".dir"


def _mend(stage: str, path: Path, md5: str, cache: Path) -> None:
    """Removes an output that differs from its digest, and what differs of DVC's copy."""
    named = dict(_differing(path, _listing(cache, md5))) if path.is_dir() else {}
    for damaged in _damaged_copies(cache, md5):
        print(f"DVC's copy {damaged} of {path} is damaged: removed", flush=True)
        damaged.unlink()
    if path.exists():
        example = f"{path / min(named)} is {named[min(named)]}" if named else f"{path} has changed"
        print(f"{example}: {path} is not as {stage} left it, and is made again", flush=True)
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def _differing(folder: Path, listing: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The files of a folder that are not as listed, and how."""
    for name, md5 in listing.items():
        if not (folder / name).is_file():
            yield name, "missing"
        elif _md5(folder / name) != md5:
            yield name, "damaged"


def _damaged_copies(cache: Path, md5: str) -> list[Path]:
    """The files of a cached output that differ from their names, which are their digests."""
    copies = [_copy(cache, md5), *(_copy(cache, one) for one in _listing(cache, md5).values())]
    return [copy for copy in dict.fromkeys(copies) if copy.is_file() and _md5(copy) != _digest_in_name(copy)]


def _listing(cache: Path, md5: str) -> dict[str, str]:
    """The md5 of each file of a cached folder, by name; empty where the list is not there or damaged."""
    copy = _copy(cache, md5)
    if not md5.endswith(".dir") or not copy.is_file() or _md5(copy) != _digest_in_name(copy):
        return {}
    return {entry["relpath"]: entry["md5"] for entry in json.loads(copy.read_bytes())}


def _copy(cache: Path, md5: str) -> Path:
    """Where DVC's cache keeps a file (dvc.org/doc/user-guide/project-structure/internal-files)."""
    return cache / "files" / "md5" / md5[:2] / md5[2:]


def _digest_in_name(copy: Path) -> str:
    return (copy.parent.name + copy.name).removesuffix(".dir")


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
