"""Validate every data set of params.yaml in one process: what CI runs."""

import json
import os
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from stages import datasets, own
from stages.alone import alone
from stages.checks.page import all_page
from stages.checks.report import junit, markdown
from stages.checks.result import VALIDATION, Result, report_text
from stages.dataset import Dataset
from stages.download import download
from stages.errors import StageError
from stages.files import read_json, write_bytes
from stages.manifest import MANIFEST, RAW
from stages.settings import Setting
from stages.validate import check


def validate_all(settings: Mapping[str, Setting], of_users: Sequence[str] = ()) -> bool:
    """Check every data set and those `of_users`, also after one that failed, and write the reports.

    Returns whether all passed.
    """
    results: list[Result] = []
    errors: dict[str, str] = {}
    for name in [*settings, *of_users]:
        try:
            with alone(name):
                if name in settings:
                    dataset, setting = datasets.find(name), settings[name]
                    bring(dataset, setting)
                else:
                    dataset, setting = own.load(name)
                results.append(check(dataset, setting))
            print(f"validate {name}: {report_text(results[-1])}", flush=True)
        except Exception as error:
            errors[name] = str(error)
            if not isinstance(error, StageError | OSError):  # a bug in the code of this data set: the others go on
                errors[name] = f"{error!r}\n{traceback.format_exc()}"
            print(f"validate {name}: {errors[name]}", flush=True)
    summary = markdown(results, errors)
    reports = {"junit.xml": junit(results, errors), "summary.md": summary, "index.html": all_page(results, errors)}
    for file, text in reports.items():
        write_bytes(VALIDATION / file, text.encode())
    if github := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(github).open("a", encoding="utf-8") as stream:
            stream.write(summary)
    stopped = sum(not result["success"] for result in results)
    counts = f"{len(results)} data sets checked, {stopped} of them failed, {len(errors)} not checked"
    print(f"validate: {counts}; see {VALIDATION}/index.html")
    return not stopped and not errors


def bring(dataset: Dataset[Any], setting: Setting) -> None:
    """Download what params.yaml asks for, where it is not there yet."""
    manifest = RAW / dataset.name / MANIFEST
    options = json.loads(json.dumps(asdict(setting.options))) if setting.source == "builtin" else None
    if manifest.exists():
        found = read_json(manifest, f"python -m stages download {dataset.name}")
        if (found.get("source"), found.get("options")) == (setting.source, options):
            return
    download(dataset.origin, setting)
