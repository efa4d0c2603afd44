"""Reads the configuration: the file, then the environment, then the flags; each wrong key or value is told by place.

`mistakes` says how a mistake is told, `document` knows the lines of a YAML file, `names` the keys and their variables,
`sources` where each value came from, `checks` what only several sections together can show, `reading` joins them.
"""

from gateway.config.mistakes import ConfigError, Mistake
from gateway.config.reading import read

__all__ = ["ConfigError", "Mistake", "read"]
