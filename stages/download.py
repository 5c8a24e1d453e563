"""Download: raw files of a data set into data/raw/<data set>/, published ones or the built-in maker's."""

import os
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from stages import fetch
from stages.dataset import Dataset
from stages.files import sha256, sweep, write_bytes, write_json
from stages.manifest import MANIFEST, RAW
from stages.params import Setting


def download(dataset: Dataset[Any], setting: Setting) -> None:
    """Bring the raw files of the chosen source, and write the manifest that `prepare` checks them against."""
    folder = RAW / dataset.name
    sweep(folder)
    (folder / MANIFEST).unlink(missing_ok=True)  # it comes back last, so a folder with a manifest is complete
    if setting.source == "public":
        files = _download_public(dataset, setting, folder)
    else:
        files = _make_builtin(dataset, setting, folder)
    origin = dataset.origins[setting.source]
    write_json(
        folder / MANIFEST,
        {
            "dataset": dataset.name,
            "source": setting.source,
            "where": origin.where,
            "licence": origin.licence,
            "options": asdict(setting.options) if setting.source == "builtin" else None,
            "files": {
                path: {"sha256": sha256(folder / path), "bytes": (folder / path).stat().st_size} for path in files
            },
        },
    )


def _download_public(dataset: Dataset[Any], setting: Setting, folder: Path) -> list[str]:
    mirror = _mirror(setting)
    with fetch.session() as web:
        came_from = Counter(fetch.fetch(file, folder, mirror, web) for file in dataset.public)
    counts = ", ".join(f"{count} {where}" for where, count in came_from.items())
    print(f"download {dataset.name}: {len(dataset.public)} published files in {folder} ({counts})")
    return [file.path for file in dataset.public]


def _mirror(setting: Setting) -> fetch.Mirror | None:
    """The mirror that the environment or params.yaml names, known to exist."""
    address = os.environ.get("DATA_MIRROR") or setting.mirror
    if not address:
        return None
    if "://" not in address:
        # A folder is meant from the project's root, also in the copy that `dvc exp run --temp` makes.
        address = str(Path(os.environ.get("DVC_ROOT", ""), address))
    mirror = fetch.Mirror(address)
    mirror.check()
    return mirror


def _make_builtin(dataset: Dataset[Any], setting: Setting, folder: Path) -> list[str]:
    paths = []
    for path, content in dataset.make(setting.options):
        write_bytes(folder / path, content)
        paths.append(path)
    print(f"download {dataset.name}: made {len(paths)} built-in files in {folder}, no network used")
    return paths
