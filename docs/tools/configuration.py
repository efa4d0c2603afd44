"""The reference of the configuration: every section and key of the settings' models, in the order they are declared."""

import types
import typing
from collections.abc import Iterator
from enum import Enum
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import AwareDatetime, BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from text import cell, table

from gateway.settings import Settings
from smsc_emulator.base import durations
from smsc_emulator.base.config import Duration, PhoneNumber, meanings

INTRODUCTION = """# Configuration

Every key of the configuration file, read from the models that check it. [configs/lab.yaml](../../configs/lab.yaml) is the same as a file, with every default. A key that is left out keeps its default; a list replaces the default list as a whole. Settings come from the file, then from variables, then from flags: `server.http_port` is `CONFIRMLAB_SERVER__HTTP_PORT` in the environment. `confirmlab config check FILE` names each mistake by line and column.

Durations are written with a unit: `250ms`, `10s`, `20m`, `1h30m`, `2d`. Numbers of telephones stand in quotes. Whether a duration is real time or lab time is said where it could be doubted.
"""

_DURATION = get_args(Duration)[1]
_NUMBER = get_args(PhoneNumber)[1]
_WORDS: dict[Any, str] = {
    int: "whole number",
    float: "number",
    str: "text",
    bool: "true or false",
    Path: "path",
    type(None): "null",
    AwareDatetime: "instant with an offset",
    IPv4Network: "network",
    IPv6Network: "network",
}


def page() -> str:
    """Return the page."""
    return "\n".join([INTRODUCTION, *_section("", Settings)])


def _section(path: str, model: type[BaseModel]) -> Iterator[str]:
    inner: list[tuple[str, type[BaseModel]]] = []
    rows, told = [], meanings(model)
    for name, field in model.model_fields.items():
        key = f"{path}.{name}" if path else name
        nested, is_list = _model(field.annotation)
        if nested is not None and nested is not model:
            inner.append((f"{key}[]" if is_list else key, nested))
        if nested is None or is_list or field.default is None:
            rows.append([f"`{name}`", _kind(field), _default(field), cell(told.get(name))])
    yield f"## {path or 'The file'}\n"
    yield cell(_about(model)) + "\n"
    if rows:
        yield table(["key", "type", "default", "meaning"], rows)
    for key, nested in inner:
        yield from _section(key, nested)


def _about(model: type[BaseModel]) -> str:
    return (model.__doc__ or "").strip()


def _model(annotation: Any) -> tuple[type[BaseModel] | None, bool]:
    """Return the section that a key holds, and whether it holds a list of them."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, False
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _model(args[0])
    found = [_model(arm)[0] for arm in args]
    models = [model for model in found if model is not None]
    return (models[0], origin in (list, tuple, dict)) if len(models) == 1 else (None, False)


def _kind(field: FieldInfo) -> str:
    return cell(_spelled(field.annotation, tuple(field.metadata)) + _bounds(field.metadata))


def _bounds(metadata: list[Any]) -> str:
    signs = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than", "max_length": "length at most"}
    said = [f"{word} {getattr(each, sign)}" for each in metadata for sign, word in signs.items() if hasattr(each, sign)]
    return f", {', '.join(said)}" if said else ""


def _spelled(annotation: Any, metadata: tuple[Any, ...] = ()) -> str:
    if _DURATION in metadata:
        return "duration"
    if _NUMBER in metadata:
        return "telephone number"
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _spelled(args[0], args[1:])
    if origin is Literal:
        return ", ".join(f"`{arm}`" for arm in args)
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(_spelled(arm) for arm in args))
    if origin in (list, tuple, set, frozenset):
        return f"list of: {_spelled(args[0])}"
    if origin is dict or (isinstance(origin, type) and issubclass(origin, typing.Mapping)):
        return f"mapping of {_spelled(args[0])} to: {_spelled(args[1])}"
    return _plain(annotation)


def _plain(annotation: Any) -> str:
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return ", ".join(f"`{each.value}`" for each in annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "mapping"
    return _WORDS.get(annotation) or getattr(annotation, "__name__", str(annotation))


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "needed"
    if field.default is PydanticUndefined:
        return "the default lab's" if "lab" in repr(field.default_factory) else _written(field, field.get_default())
    return _written(field, field.default)


def _written(field: FieldInfo, value: Any) -> str:
    if value is None:
        return "`null`"
    is_duration = "duration" in _spelled(field.annotation, tuple(field.metadata))
    if is_duration and isinstance(value, int):
        return f"`{durations.spell(value)}`"
    if isinstance(value, list) and any(isinstance(each, BaseModel) for each in value):
        return "see configs/lab.yaml"
    return f"`{_yaml(value, durations_in=is_duration)}`"


def _yaml(value: Any, *, durations_in: bool) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(_yaml(each, durations_in=durations_in) for each in value)}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_yaml(each, durations_in=durations_in)}" for key, each in value.items()) + "}"
    if durations_in and isinstance(value, int):
        return durations.spell(value)
    return str(value) if value != "" else '""'
