"""What the sections of the configuration are made of. Each part declares its own section; the gateway joins them."""

import ast
import inspect
from functools import cache
from itertools import pairwise
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, GetJsonSchemaHandler, ValidationInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from smsc_emulator.base import durations, msisdn


class Section(BaseModel):
    """A mapping of the configuration file: unknown keys are refused, values do not change after reading.

    What a key means stands below it as its docstring. It is read from the source only when somebody asks for it, by
    `meanings` or by a JSON schema: pydantic's own option would read it at every start, which takes a tenth of it.
    """

    # The checks of a section are made when it is first read, or within those of the section that it stands in.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Return the schema with the meanings of the keys."""
        schema = handler(core_schema)
        properties = handler.resolve_ref_schema(schema).get("properties", {})
        for name, meaning in meanings(cls).items():
            if name in properties:
                properties[name].setdefault("description", meaning)
        return schema


def absent() -> Any:
    """Return the default of a section within another: one that is left out is read as if it stood there empty.

    With an instance as its default, its checks would be made at every start, and then again within those of the other.
    """
    return Field(default_factory=dict, validate_default=True)


@cache
def meanings(section: type[BaseModel]) -> dict[str, str]:
    """Return what each key of a section means, by its name; one that is declared anew is told of there, if at all."""
    found: dict[str, str] = {}
    for declared in reversed(section.__mro__):
        if issubclass(declared, Section) and declared is not Section:
            anew = inspect.get_annotations(declared)
            found = {name: told for name, told in found.items() if name not in anew} | _docstrings(declared)
    return found


def _docstrings(declared: type) -> dict[str, str]:
    """Return the texts that stand directly below the members of a class in its source."""
    (body,) = ast.parse(inspect.cleandoc("\n" + inspect.getsource(declared))).body
    assert isinstance(body, ast.ClassDef)
    return {
        member.target.id: inspect.cleandoc(text.value.value)
        for member, text in pairwise(body.body)
        if isinstance(member, ast.AnnAssign)
        and isinstance(member.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }


WRITTEN = {"written": True}
"""The validation context of values that a person wrote, whose durations must have a unit."""


def _duration(value: Any, info: ValidationInfo) -> Any:
    if isinstance(value, str):
        return durations.parse(value)
    if info.context == WRITTEN and value != 0:
        raise ValueError("write a duration with its unit, such as 250ms, 10s, 20m, 1h30m or 2d")
    return value


def _number(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError('write the number in quotes, such as "+70000000001"')
    return msisdn.parse(value)


Duration = Annotated[int, BeforeValidator(_duration)]
"""Milliseconds, written with a unit: `250ms`, `10s`, `20m`."""

PhoneNumber = Annotated[str, BeforeValidator(_number)]
"""A number in international form, in quotes, since YAML reads +7000 as an integer."""


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


Whole = BeforeValidator(_whole)
"""Beside `int`: a whole number that JSON may write as 3.0 too."""
