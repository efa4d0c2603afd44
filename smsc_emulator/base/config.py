"""What the sections of the configuration are made of. Each part declares its own section; the gateway joins them."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationInfo

from smsc_emulator.base import durations, msisdn


class Section(BaseModel):
    """A mapping of the configuration file: unknown keys are refused, values do not change after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


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
