"""Download: raw files of a data set into data/raw/<data set>/, published ones or the built-in maker's."""

import os
import shutil
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from stages.errors import StageError
from stages.files import keep_only, sha256, sweep, write_bytes, write_json
from stages.manifest import MANIFEST, RAW
from stages.origin import Origin, PublicFile
from stages.settings import Setting
from stages.transfer.parallel import in_parallel
from stages.transfer.progress import Progress

if TYPE_CHECKING:  # it imports requests, for which built-in data have no use
    from stages.transfer.fetch import Mirror, Public

# Partial files. Not in data/raw/<data set>, which DVC empties before each attempt.
PARTS = Path("data/work/download")


def download(origin: Origin[Any], setting: Setting) -> None:
    """Bring the raw files of the chosen source, and write the manifest that they are checked against."""
    folder = RAW / origin.name
    with _alone(origin.name):
        sweep(folder)
        (folder / MANIFEST).unlink(missing_ok=True)  # written last, so that a folder with a manifest is complete
        if setting.source == "public":
            paths = _download_public(origin, setting, folder)
        else:
            paths = _make_builtin(origin, setting, folder)
        keep_only(folder, {folder / path for path in paths})  # no file of the other source, which `read` may look for
        provenance = origin.sources[setting.source]
        files = {path: {"sha256": sha256(folder / path), "bytes": (folder / path).stat().st_size} for path in paths}
        write_json(
            folder / MANIFEST,
            {
                "dataset": origin.name,
                "source": setting.source,
                "where": provenance.where,
                "licence": provenance.licence,
                "options": asdict(setting.options) if setting.source == "builtin" else None,
                "files": files,
            },
        )
        shutil.rmtree(PARTS / origin.name, ignore_errors=True)


@contextmanager
def _alone(name: str) -> Iterator[None]:
    """Two processes would write into each other's parts. The lock is released with its process, however that ends."""
    PARTS.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(PARTS / f"{name}.lock", timeout=0):
            yield
    except Timeout:
        raise StageError(f"another process is downloading {name} here; wait until it has ended") from None


def _download_public(origin: Origin[Any], setting: Setting, folder: Path) -> list[str]:
    from stages.transfer.fetch import fetch
    from stages.transfer.http import PartialFile, WebSession

    mirror = _mirror(setting)
    sizes = {file.path: file.size if isinstance(file, PublicFile) else None for file in origin.public}
    progress = Progress(f"download {origin.name}", sizes)

    def bring(file: "Public", stop: threading.Event) -> str:
        part = PartialFile(PARTS / origin.name / f"{file.path}.part")
        with WebSession(partial(progress.report, file.path), stop) as web:
            came_from = fetch(file, folder, part, mirror, web)
        progress.done(file.path)
        return came_from

    try:
        came_from = Counter(in_parallel([partial(bring, file) for file in origin.public], progress.show))
    finally:
        progress.clear()
    counts = ", ".join(f"{count} {where}" for where, count in came_from.items())
    print(f"download {origin.name}: {len(origin.public)} published files in {folder} ({counts})")
    return [file.path for file in origin.public]


def _mirror(setting: Setting) -> "Mirror | None":
    """The mirror that the environment or params.yaml names, if any; it exists."""
    from stages.transfer.fetch import Mirror

    address = os.environ.get("DATA_MIRROR") or setting.mirror
    if not address:
        return None
    if "://" not in address:
        # A folder is relative to the project's root, also in the copy that `dvc exp run --temp` makes.
        address = str(Path(os.environ.get("DVC_ROOT", ""), address))
    mirror = Mirror(address)
    mirror.check()
    return mirror


def _make_builtin(origin: Origin[Any], setting: Setting, folder: Path) -> list[str]:
    paths = []
    for path, content in origin.make(setting.options):
        write_bytes(folder / path, content)
        paths.append(path)
    print(f"download {origin.name}: made {len(paths)} built-in files in {folder}, no network used")
    return paths
