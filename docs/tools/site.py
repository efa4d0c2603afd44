"""Build the site of docs/ into a folder: `python docs/tools/site.py [FOLDER]`, by default gateway/site."""

import shutil
import sys
import tempfile
from pathlib import Path

DOCS = Path(__file__).parents[1]
SITE = DOCS.parent / "gateway" / "site"


def build(target: Path = SITE) -> None:
    """Build the site in place of what is in `target`. Raises RuntimeError for anything that Sphinx warns of."""
    from sphinx.application import Sphinx
    from sphinx.util.docutils import docutils_namespace

    with tempfile.TemporaryDirectory() as folder, docutils_namespace():
        out = Path(folder, "out")
        app = Sphinx(DOCS, DOCS, out, Path(folder, "doctrees"), "html", status=None, warningiserror=True)
        app.build(force_all=True)
        if app.statuscode:
            raise RuntimeError("the site is not whole: see Sphinx's warnings above")
        for unwanted in (".buildinfo", ".buildinfo.bak", "objects.inv"):
            (out / unwanted).unlink(missing_ok=True)
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(out, target)


if __name__ == "__main__":
    build(*map(Path, sys.argv[1:2]))
