"""DVC at the pace of short stages: its files are parsed once, its lock file is written at once, its locks are short.

Before and after each stage DVC reads `params.yaml`, `dvc.yaml` and `dvc.lock` several times, and writes `dvc.lock`
anew, in place, with a parser in Python that would keep a person's comments. In a file of several thousand lines, which
nobody comments, that takes longer than many a stage, and whoever reads meanwhile finds half a file. Importing this
module makes the DVC of this process remember what a text says, write the lock file with the parser in C, put the new
file in the old one's place at once, and look more often whether another process has let go of DVC's lock. What the
files say stays the same.
"""

import contextlib
import functools
import io
import marshal
import os
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dvc.lock
from dvc import dvcfile
from dvc.utils import strictyaml
from dvc.utils.serialize import _yaml, load_yaml
from ruamel.yaml import YAML
from ruamel.yaml.representer import SafeRepresenter

from pipelines.files import write_atomically

_modify_yaml = dvcfile.modify_yaml
parse_as_dvc = _yaml.parse_yaml


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


@functools.lru_cache(maxsize=8)
def _said(text: str, path: str) -> bytes:
    """What a text of YAML says, in a form that is quickly made an object of."""
    return marshal.dumps(parse_as_dvc(text, path))


def parse_yaml(text: str, path: str | os.PathLike[str], typ: str = "safe") -> Any:
    """As DVC's: an object of the caller's own. Values that it remembers are those of JSON; others are parsed anew."""
    if typ == "safe":
        with contextlib.suppress(ValueError):  # a date
            return marshal.loads(_said(text, os.fspath(path)))  # noqa: S302  made above, in this process
    return parse_as_dvc(text, path, typ=typ)


dvcfile.modify_yaml = modify_yaml
_yaml.parse_yaml = strictyaml.parse_yaml = parse_yaml
dvc.lock.DEFAULT_TIMEOUT = 0.12  # seconds for six tries; with --wait-for-lock, six times as long as it takes
