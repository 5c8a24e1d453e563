"""The command `show`: the settings that the runs of a pipeline use, defaults included, as YAML."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields
from typing import Any

import yaml

from pipelines import task
from pipelines.settings import Pipeline

PARTS = ("model", "training")
LINE = 10_000  # characters: a line is never broken
Settings = dict[str, Any]  # device, seeds, model and training of a variant


class _Block(dict[str, Any]):
    """A mapping with an entry a line."""


class _Dumper(yaml.SafeDumper):
    """Lists and small mappings in one line, in `{}` and `[]`."""


_Dumper.add_representer(_Block, lambda dumper, block: dumper.represent_mapping("tag:yaml.org,2002:map", block, False))


def show(pipeline: Pipeline, variant: str | None = None) -> str:
    """The settings of one variant, or those that most variants share and how each differs from them.

    Raises ValueError where there is no such variant, and for settings that the task does not take.
    """
    head = {"pipeline": pipeline.name, "dataset": pipeline.dataset, "source": pipeline.source}
    if variant:
        return _text(head | {"variant": variant} | _blocks(_settings(pipeline, variant)))
    variants = {name: _settings(pipeline, name) for name in pipeline.variants}
    shared = _shared([settings for settings in variants.values() if settings["seeds"]], _defaults(pipeline))
    differences = {name: _difference(settings, shared) for name, settings in variants.items()}
    return _text(head | _blocks(shared) | {"variants": _Block(differences)})


def _settings(pipeline: Pipeline, variant: str) -> Settings:
    run = task.find(pipeline.family, pipeline.task).resolve(pipeline.run(variant))
    seeds = pipeline.variants[variant].seeds
    return {"device": run.device, "seeds": seeds, "model": run.model, "training": run.training}


def _defaults(pipeline: Pipeline) -> Settings:
    """The defaults of the task's dataclasses, of the settings that have a single value as one."""
    resolved = task.find(pipeline.family, pipeline.task).trainer.settings(pipeline.runs[0])
    return {
        part: {field.name: field.default for field in fields(params) if field.default is not MISSING}
        for part, params in zip(PARTS, resolved, strict=True)
    }


def _shared(variants: Sequence[Settings], defaults: Settings) -> Settings:
    """For each setting the value that most variants have; of equally many the default, or else the first."""
    shared = {key: _commonest([settings[key] for settings in variants]) for key in ("device", "seeds")}
    for part in PARTS:
        shared[part] = {
            key: _commonest([settings[part][key] for settings in variants], defaults[part].get(key))
            for key in variants[0][part]
        }
    return shared


def _commonest(values: Sequence[Any], default: Any = None) -> Any:
    texts = [json.dumps(value) for value in values]
    counts = Counter(texts)
    most = [text for text, count in counts.items() if count == max(counts.values())]
    default_text = json.dumps(default)
    return values[texts.index(default_text if default_text in most else most[0])]


def _difference(settings: Settings, shared: Settings) -> Settings:
    difference = {key: settings[key] for key in ("device", "seeds") if settings[key] != shared[key]}
    for part in PARTS:
        if own := {key: value for key, value in settings[part].items() if value != shared[part][key]}:
            difference[part] = own
    return difference


def _blocks(settings: Settings) -> Settings:
    """The settings with a line for each of a part, and for each entry of one that holds mappings itself."""
    return settings | {
        part: _Block({key: _Block(value) if _is_nested(value) else value for key, value in settings[part].items()})
        for part in PARTS
    }


def _is_nested(value: Any) -> bool:
    return isinstance(value, Mapping) and any(isinstance(entry, Mapping) for entry in value.values())


def _text(content: Mapping[str, Any]) -> str:
    text: str = yaml.dump(_Block(content), Dumper=_Dumper, default_flow_style=True, sort_keys=False, width=LINE)
    return text
