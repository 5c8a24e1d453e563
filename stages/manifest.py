"""The manifest of a data set's raw files: `download` writes it last, and every reader checks the files against it."""

from pathlib import Path
from typing import Any

from stages.errors import StageError
from stages.files import read_json, sha256
from stages.settings import Setting

RAW = Path("data/raw")
MANIFEST = "manifest.json"


def read_manifest(dataset: str, setting: Setting) -> dict[str, Any]:
    """The manifest of the raw files, after checking that they are the ones params.yaml asks for, byte for byte."""
    command = f"python -m stages download {dataset}"
    folder = RAW / dataset
    manifest = read_json(folder / MANIFEST, command)
    if manifest["source"] != setting.source:
        raise StageError(
            f"{folder} holds the {manifest['source']} source, params.yaml asks for {setting.source}. Run `{command}`."
        )
    for path, expected in manifest["files"].items():
        file = folder / path
        if not file.is_file():
            raise StageError(f"{file} is missing. Run `{command}`.")
        if (size := file.stat().st_size) != expected["bytes"]:
            raise StageError(f"{file} holds {size} bytes, expected {expected['bytes']}. Run `{command}`.")
        if (digest := sha256(file)) != expected["sha256"]:
            raise StageError(f"{file} was changed: sha256 {digest}, expected {expected['sha256']}. Run `{command}`.")
    return manifest
