"""DVC's lock file, rewritten whole and by libyaml.

After each stage DVC reads `dvc.lock` and writes it anew, in place, with a parser in Python that would keep a person's
comments. In a file of several thousand lines, which nobody comments, that takes longer than many a stage, and whoever
reads meanwhile finds half a file. Importing this module makes the DVC of this process use the parser in C with which it
reads the file elsewhere, and put the new file in the old one's place at once. What it says stays the same.
"""

import contextlib
import io
import os
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dvc import dvcfile
from dvc.utils.serialize import load_yaml
from ruamel.yaml import YAML
from ruamel.yaml.representer import SafeRepresenter

from pipelines.files import write_atomically

_modify_yaml = dvcfile.modify_yaml


class _Representer(SafeRepresenter):
    """Knows the ordered dictionaries in which DVC hands over a stage."""


_Representer.add_representer(OrderedDict, SafeRepresenter.represent_dict)


@contextlib.contextmanager
def modify_yaml(path: str | os.PathLike[str], fs: Any = None) -> Iterator[dict[str, Any]]:
    """The contents of a YAML file of DVC's, to be changed; without an error they are written at the end."""
    if Path(path).name != dvcfile.LOCK_FILE:
        with _modify_yaml(path, fs=fs) as contents:
            yield contents
        return
    contents = load_yaml(path) if Path(path).exists() else {}
    yield contents
    yaml = YAML(typ="safe")
    yaml.Representer = _Representer
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    text = io.BytesIO()
    yaml.dump(contents, text)
    write_atomically(Path(path), text.getvalue())


dvcfile.modify_yaml = modify_yaml
