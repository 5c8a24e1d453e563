"""DVC at the pace of short stages: its files are parsed once, its lock file is written at once, its locks are short.

Before and after each stage DVC reads `params.yaml`, `dvc.yaml` and `dvc.lock` several times, and writes `dvc.lock`
anew, in place, with a parser in Python that would keep a person's comments. In a file of several thousand lines, which
nobody comments, that takes longer than many a stage, and whoever reads meanwhile finds half a file. Importing this
module makes the DVC of this process remember what a text says, read and write in the lock file only the stages that
changed, put the new file in the old one's place at once, and look more often whether another process has let go of
DVC's lock. What the files say stays the same.
"""

import contextlib
import functools
import io
import marshal
import os
import re
import textwrap
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import dvc.lock
from dvc import dvcfile
from dvc.utils import strictyaml
from dvc.utils.serialize import YAMLFileCorruptedError, _yaml
from ruamel.yaml import YAML
from ruamel.yaml.representer import SafeRepresenter

from pipelines.files import write_atomically

_modify_yaml = dvcfile.modify_yaml
parse_as_dvc = _yaml.parse_yaml
_HEAD = "schema: '2.0'\nstages:\n"
_STAGE = re.compile(r"  \S.*\n(?:   .*\n|\n)*")


class _Representer(SafeRepresenter):
    """Knows the ordered dictionaries in which DVC hands over a stage, and repeats what is there twice."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


_Representer.add_representer(OrderedDict, SafeRepresenter.represent_dict)


@contextlib.contextmanager
def modify_yaml(path: str | os.PathLike[str], fs: Any = None) -> Iterator[dict[str, Any]]:
    """The contents of a YAML file of DVC's, to be changed; without an error they are written at the end."""
    file = Path(path)
    if file.name != dvcfile.LOCK_FILE:
        with _modify_yaml(path, fs=fs) as contents:
            yield contents
        return
    before = file.read_text(encoding="utf-8") if file.exists() else ""
    contents = parse_yaml(before, file)
    yield contents
    text = _written(contents, _stages(before))
    if text != before:
        write_atomically(file, text.encode())


def _written(contents: Mapping[str, Any], known: Mapping[str, tuple[str, Any]]) -> str:
    """A lock file; a stage that is as in `known` keeps its text."""
    if list(contents) != ["schema", "stages"] or contents["schema"] != "2.0" or not contents["stages"]:
        return _dump(contents)
    texts = [_HEAD]
    for name, stage in contents["stages"].items():
        text, said = known.get(name, ("", None))
        texts.append(text if text and said == stage else textwrap.indent(_dump({name: stage}), "  "))
    return "".join(texts)


def _dump(contents: Mapping[str, Any]) -> str:
    yaml = YAML(typ="safe")
    yaml.Representer = _Representer
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    text = io.BytesIO()
    yaml.dump(contents, text)
    return text.getvalue().decode()


def _stages(text: str) -> dict[str, tuple[str, Any]]:
    """The text and the contents of each stage of a lock file; none where it is not laid out as DVC does."""
    parts = _STAGE.findall(text, len(_HEAD)) if text.startswith(_HEAD) else []
    if "".join([_HEAD, *parts]) != text:
        return {}
    stages: dict[str, tuple[str, Any]] = {}
    for part in parts:
        try:
            ((name, stage),) = marshal.loads(_said(part, dvcfile.LOCK_FILE)).items()  # noqa: S302
        except (ValueError, YAMLFileCorruptedError):  # what is not JSON's, or refers to another stage
            return {}
        if name in stages:
            return {}
        stages[name] = (part, stage)
    return stages


@functools.lru_cache(maxsize=1024)  # more than there are stages
def _said(text: str, path: str) -> bytes:
    """What a text of YAML says, in a form that is quickly made an object of."""
    return marshal.dumps(parse_as_dvc(text, path))


def parse_yaml(text: str, path: str | os.PathLike[str], typ: str = "safe") -> Any:
    """As DVC's: an object of the caller's own. Values that it remembers are those of JSON; others are parsed anew."""
    if typ == "safe":
        if stages := _stages(text):
            return {"schema": "2.0", "stages": {name: stage for name, (_, stage) in stages.items()}}
        with contextlib.suppress(ValueError):  # a date
            return marshal.loads(_said(text, os.fspath(path)))  # noqa: S302  made above, in this process
    return parse_as_dvc(text, path, typ=typ)


dvcfile.modify_yaml = modify_yaml
_yaml.parse_yaml = strictyaml.parse_yaml = parse_yaml
dvc.lock.DEFAULT_TIMEOUT = 0.12  # seconds for six tries; with --wait-for-lock, six times as long as it takes
