"""How Sphinx builds the site: `make site`, or `python docs/tools/site.py`."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "tools"))
sys.path.insert(0, str(HERE.parent))

project = "confirmlab"
author = "the confirmlab authors"
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["tools", "theme", "examples"]

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
# A page that another change brings may be named before it is there; a page that is not named fails the build.
suppress_warnings = ["toc.not_readable"]

html_theme = "theme"
html_theme_path = ["."]
html_title = "confirmlab"
html_favicon = "../gateway/ui/icon.svg"
html_copy_source = False
html_show_sphinx = False
html_use_index = False
html_domain_indices = False
html_permalinks_icon = "#"
pygments_style = "default"
