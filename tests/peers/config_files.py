"""Configurations as files that tests write, and what is read of them."""

from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from gateway.config import ConfigError, read
from gateway.settings import Settings


def settings(file: Path, text: str, environ: dict[str, str] | None = None) -> Settings:
    """Write a configuration and return what is read of it. Raises ConfigError."""
    file.write_text(dedent(text), encoding="utf-8")
    return read(file, environ)


def mistakes(file: Path, text: str, environ: dict[str, str] | None = None, **flags: Any) -> list[str]:
    """Write a configuration and return its mistakes, each without the folder of its file."""
    file.write_text(dedent(text), encoding="utf-8")
    with pytest.raises(ConfigError) as raised:
        read(file, environ, {"--" + name.replace("_", "-"): value for name, value in flags.items()})
    return [str(mistake).removeprefix(f"{file.parent}/") for mistake in raised.value.mistakes]
