"""Puts the site of docs/ into what is built, where Sphinx is there; a build without it is whole but for /docs."""

import runpy
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class SiteHook(BuildHookInterface):
    """Builds gateway/site for wheels and source archives, never for an editable installation."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the site, unless it came along in the source archive, and have it packed."""
        root = Path(self.root)
        if version == "editable":
            return
        if not (root / "PKG-INFO").exists() or not (root / "gateway/site").exists():
            self._build(root)
        if (root / "gateway/site").exists():
            build_data["artifacts"].append("gateway/site/**")

    def _build(self, root: Path) -> None:
        if find_spec("sphinx") is None or find_spec("myst_parser") is None:
            self.app.display_warning("no documentation at /docs: sphinx and myst-parser are not installed")
            return
        runpy.run_path(str(root / "docs/tools/site.py"))["build"](root / "gateway/site")
