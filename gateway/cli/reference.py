"""The reference of the command line, written from the commands themselves: `python -m gateway.cli.reference`."""

import inspect
import sys
from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin

from typer.models import OptionInfo

from smsc_emulator.frozen import frozen

INTRODUCTION: Final = (
    "# The command line\n\n"
    "This page is written from the code by `python -m gateway.cli.reference > docs/cli.md`; a test holds the two "
    "equal.\n\n"
    "Commands find a running lab by `ports.json` in the folder `--data`, or by `--url`. What they print is for people: "
    "tables and colours where standard output is a terminal, whole lines where it is a file or a pipe. With `--json` "
    "it is for programs: one object, or for `tail`, `handset` and `demo` one object a line. Progress of long work is "
    "shown on standard error, and only where that is a terminal.\n\n"
    "## Exit codes\n\n"
    "| code | meaning |\n"
    "|---|---|\n"
    "| 0 | done; `tail` and `handset` end so by Ctrl-C too |\n"
    "| 1 | failed: the lab does not answer or refuses, something that was waited for did not come, a check or a rule "
    "failed, the output could not be written or nobody reads it any more |\n"
    "| 2 | wrong usage or configuration; nothing was done |\n\n"
    "Sentences about what went wrong are on standard error.\n\n"
    "## Completion\n\n"
    "`confirmlab --install-completion` has your shell (bash, zsh, fish, PowerShell) complete commands and options; "
    "`confirmlab --show-completion` prints the script instead.\n"
)


@frozen
class _Parameter:
    """An argument or option, as its command's function declares it."""

    name: str
    type: Any
    info: Any
    """Typer's ArgumentInfo or OptionInfo."""
    default: Any

    @property
    def is_option(self) -> bool:
        return isinstance(self.info, OptionInfo)

    @property
    def spelled(self) -> str:
        """What is typed."""
        if not self.is_option:
            word = (self.info.metavar or self.name.upper().rstrip("_")) + "..." * (get_origin(self.type) is list)
            return word if self.default is inspect.Parameter.empty else f"[{word}]"
        # Inside Annotated, what typer calls the default is the first of the names.
        flag = ", ".join(name for name in (self.info.default, *(self.info.param_decls or ())) if isinstance(name, str))
        return flag if self.type is bool else f"{flag} {_kind(self.type)}"

    @property
    def told(self) -> str:
        """What it means."""
        default = getattr(self.default, "value", self.default)
        has_none = self.type is bool or default in (inspect.Parameter.empty, None, "")
        return _cell(self.info.help) + ("" if has_none else f" Default: `{default}`.")


def reference() -> str:
    """Return the page."""
    from gateway.cli import app

    sections = sorted(_commands(app, "confirmlab"))
    return "\n".join([INTRODUCTION, *(section for _, section in sections)]).rstrip() + "\n"


def _commands(app: Any, path: str) -> Iterator[tuple[str, str]]:
    """Yield the path and the section of each command of an application, and of its groups."""
    for command in app.registered_commands:
        name = f"{path} {command.name or command.callback.__name__.rstrip('_').replace('_', '-')}"
        yield name, _section(command.callback, name)
    for group in app.registered_groups:
        yield from _commands(group.typer_instance, f"{path} {group.name}")


def _section(act: Callable[..., Any], path: str) -> str:
    parameters = [_parameter(each) for each in inspect.signature(act).parameters.values()]
    arguments = [each for each in parameters if not each.is_option]
    options = [each for each in parameters if each.is_option]
    words = [path, *(each.spelled for each in arguments), *(["[OPTIONS]"] if options else [])]
    rows = [f"| `{each.spelled}` | {each.told} |" for each in (*arguments, *options)]
    table = ["| | |", "|---|---|", *rows, ""] if rows else []
    help_ = " ".join((act.__doc__ or "").split())
    return "\n".join([f"## {path}", "", help_, "", f"    {' '.join(words)}", "", *table])


def _parameter(declared: inspect.Parameter) -> _Parameter:
    type_, info = get_args(declared.annotation)[:2]
    given = [arm for arm in get_args(type_) if arm is not NoneType]
    is_union = get_origin(type_) in (Union, UnionType)
    return _Parameter(declared.name, given[0] if is_union else type_, info, declared.default)


def _kind(type_: Any) -> str:
    if get_origin(type_) is Literal:
        return "/".join(get_args(type_))
    if isinstance(type_, type) and issubclass(type_, Enum):
        return "/".join(each.value for each in type_)
    return {int: "NUMBER", Path: "PATH"}.get(type_, "TEXT")


def _cell(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(reference())
