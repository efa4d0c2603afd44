"""A YAML document that remembers the line and the column of each of its keys and values."""

from pathlib import Path as FilePath
from typing import Any, Self

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from gateway.config.mistakes import ConfigError, Mistake, Path, show, unreadable

HINTS = {
    r"found character '\t'": "write blanks instead of the tab",
    "mapping values are not allowed here": "is the line indented too far, or does a text with a colon lack quotes?",
    "expected <block end>, but found": "its indentation fits no line above it",
}
"""What to look for where the reader of YAML stopped, by the beginning of what it says."""


class Document:
    """One YAML 1.2 document: its `data`, and the place of each part of it.

    Raises ConfigError if the text is not YAML, or if a mapping has a key twice.
    """

    def __init__(self, source: str, text: str) -> None:
        self.source = source
        yaml = YAML(typ="safe", pure=True)
        # Told by `_repeated`, which finds all of them; the reader would stop at the first.
        yaml.allow_duplicate_keys = True
        try:
            self._root = yaml.compose(text)
            self._refuse([] if self._root is None else self._repeated(self._root))
            self.data: Any = {} if self._root is None else yaml.constructor.construct_document(self._root)
        except MarkedYAMLError as error:
            mark = error.problem_mark
            line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
            self._refuse([Mistake(source, line, column, "", f"not YAML: {_hinted(error.problem or error.context)}")])
        except ReaderError as error:
            before = text[: error.position].split("\n")
            told = f"not YAML: the character U+{error.character:04X} may not stand in it"
            self._refuse([Mistake(source, len(before), len(before[-1]) + 1, "", told)])
        except (YAMLError, ValueError, RecursionError) as error:
            self._refuse([Mistake(source, 1, 1, "", f"not YAML: {error}")])

    @classmethod
    def of(cls, file: FilePath) -> Self:
        """Return the document in a file; ConfigError if that cannot be read."""
        return cls(str(file), text_of(file))

    def place(self, path: Path, *, of_key: bool = False) -> tuple[int, int]:
        """Return line and column, from 1, of a value (or its key), or of the nearest part above it that exists."""
        _, key, value = self._find(path)
        # A value that is not there at all would have the place of whatever comes next.
        absent = isinstance(value, ScalarNode) and not value.style and not value.value
        node = key if key is not None and (of_key or absent) else value
        return (node.start_mark.line + 1, node.start_mark.column + 1) if node is not None else (1, 1)

    def written(self, path: Path, value: Any) -> str:
        """Return the value at `path` as it is written, such as `+70000000001` where YAML reads an integer."""
        depth, _, node = self._find(path)
        plain = depth == len(path) and isinstance(node, ScalarNode) and not node.style
        return node.value or "nothing" if plain and node is not None else show(value)

    def _find(self, path: Path) -> tuple[int, Node | None, Node | None]:
        """Return how many parts of `path` exist, and the key and the value where it ends."""
        key, value = None, self._root
        for depth, part in enumerate(path):
            below = _below(value, part)
            if below is None:
                return depth, key, value
            key, value = below
        return len(path), key, value

    def _repeated(self, root: Node) -> list[Mistake]:
        mistakes, seen, todo = [], {id(root)}, [root]
        while todo:
            node = todo.pop()
            if isinstance(node, MappingNode):
                mistakes += self._repeated_in(node)
            below = [child for pair in node.value for child in pair] if isinstance(node, MappingNode) else node.value
            fresh = [child for child in below if isinstance(child, Node) and id(child) not in seen]
            seen.update(map(id, fresh))
            todo += fresh
        return mistakes

    def _repeated_in(self, node: MappingNode) -> list[Mistake]:
        lines: dict[str, int] = {}
        mistakes = []
        for key, _ in node.value:
            line, column = key.start_mark.line + 1, key.start_mark.column + 1
            if not isinstance(key, ScalarNode):
                mistakes.append(Mistake(self.source, line, column, "", "expected a key that is a text"))
            elif key.value in lines:
                sentence = f"this key stands twice in one mapping; first in line {lines[key.value]}"
                mistakes.append(Mistake(self.source, line, column, key.value, sentence))
            else:
                lines[key.value] = line
        return mistakes

    def _refuse(self, mistakes: list[Mistake]) -> None:
        if mistakes:
            raise ConfigError(sorted(mistakes))


def _below(node: Node | None, part: str | int) -> tuple[Node | None, Node] | None:
    if isinstance(node, MappingNode):
        return next(((key, value) for key, value in node.value if key.value == str(part)), None)
    if isinstance(node, SequenceNode) and isinstance(part, int) and part < len(node.value):
        return None, node.value[part]
    return None


def text_of(file: FilePath) -> str:
    """Return the text of a file. Raises ConfigError if it cannot be read."""
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([unreadable(file, error)]) from None


def _hinted(problem: str) -> str:
    hint = next((hint for start, hint in HINTS.items() if problem.startswith(start)), None)
    return f"{problem}; {hint}" if hint else problem
