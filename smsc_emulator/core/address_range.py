"""address_range: the UNIX regular expression by which a bind says which addresses it serves (5.2.7, Appendix A).

The pattern comes from the peer, hence no backtracking matcher: the expression becomes a nondeterministic automaton
(K. Thompson, 1968) that walks an address once, all its states at a time. The cost is at most the length of the pattern
times the length of the address, whatever the pattern; both are short by their fields' limits. Appendix A shows what is
needed: characters, `.`, `[...]`, `^` and `$`; grouping, `|`, `*`, `+` and `?` are taken too. Counts in braces are not,
since they would let forty characters stand for millions.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache

LONGEST = 40
"""The most characters that the field holds (5.2.7)."""

REMEMBERED = 1_000
"""How many addresses are remembered, so that what waits for another bind is not matched again and again."""


class PatternError(ValueError):
    """The text is no regular expression, or is too long for one."""


@dataclass(eq=False, slots=True)
class _State:
    """A state of the automaton: it takes a character, or it leads on by itself."""

    takes: Callable[[str], bool] | None = None
    at_start: bool = False
    at_end: bool = False
    next: list["_State"] = field(default_factory=list)


@dataclass(slots=True)
class _Fragment:
    """A part of the automaton with one way in and one way out."""

    first: _State
    last: _State


class AddressRange:
    """A compiled pattern. Raises PatternError for one that cannot be read.

    As in `grep`, a pattern without anchors may match anywhere in the address.
    """

    def __init__(self, pattern: str) -> None:
        if len(pattern) > LONGEST:
            raise PatternError(f"{len(pattern)} characters, and at most {LONGEST} are allowed")
        self.pattern = pattern
        whole = _Parser(pattern).whole()
        self._first, self._final = whole.first, whole.last
        self._answers = lru_cache(REMEMBERED)(self._matches)

    def __contains__(self, address: str) -> bool:
        """Whether the bind serves `address`."""
        return self._answers(address)

    def _matches(self, address: str) -> bool:
        states: set[_State] = set()
        for at, character in enumerate(address):
            states = self._follow([*states, self._first], at == 0, False)
            if self._final in states:
                return True
            states = {
                after for state in states if state.takes is not None and state.takes(character) for after in state.next
            }
        return self._final in self._follow([*states, self._first], not address, True)

    def _follow(self, states: Iterable[_State], start: bool, end: bool) -> set[_State]:
        """Return `states` and all that they lead to without a character."""
        reached: set[_State] = set()
        todo = list(states)
        while todo:
            state = todo.pop()
            if state in reached or (state.at_start and not start) or (state.at_end and not end):
                continue
            reached.add(state)
            if state.takes is None:
                todo += state.next
        return reached


class _Parser:
    """Recursive descent over at most LONGEST characters."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0

    def whole(self) -> _Fragment:
        fragment = self._alternatives()
        if self._at < len(self._pattern):
            raise PatternError(f"a ) without its ( at {self._at + 1}")
        return fragment

    def _peek(self) -> str:
        return self._pattern[self._at : self._at + 1]

    def _take(self) -> str:
        character = self._peek()
        self._at += 1
        return character

    def _alternatives(self) -> _Fragment:
        branches = [self._sequence()]
        while self._peek() == "|":
            self._at += 1
            branches.append(self._sequence())
        if len(branches) == 1:
            return branches[0]
        last = _State()
        for branch in branches:
            branch.last.next.append(last)
        return _Fragment(_State(next=[branch.first for branch in branches]), last)

    def _sequence(self) -> _Fragment:
        start = _State()
        end = start
        while self._peek() not in ("", "|", ")"):
            part = self._repeated(self._atom())
            end.next.append(part.first)
            end = part.last
        return _Fragment(start, end)

    def _repeated(self, part: _Fragment) -> _Fragment:
        while (sign := self._peek()) and sign in "*+?":
            self._at += 1
            first, last = _State(next=[part.first]), _State()
            part.last.next.append(last)
            if sign != "+":
                first.next.append(last)
            if sign != "?":
                part.last.next.append(part.first)
            part = _Fragment(first, last)
        return part

    def _atom(self) -> _Fragment:
        character = self._take()
        if character == "(":
            inner = self._alternatives()
            if self._take() != ")":
                raise PatternError("a ( without its )")
            return inner
        if character in "*+?":
            raise PatternError(f"nothing to repeat before {character} at {self._at}")
        if character in "^$":
            anchor = _State(at_start=character == "^", at_end=character == "$")
            return _Fragment(anchor, anchor)
        last = _State()
        return _Fragment(_State(takes=self._test(character), next=[last]), last)

    def _test(self, character: str) -> Callable[[str], bool]:
        if character == ".":
            return lambda given: True
        if character == "[":
            return self._set()
        if character == "\\" and not (character := self._take()):
            raise PatternError("nothing after the last \\")
        return lambda given: given == character

    def _set(self) -> Callable[[str], bool]:
        """Read what follows a [: characters and spans up to ], which may itself stand first."""
        excluded = self._peek() == "^"
        self._at += excluded
        members: set[str] = set()
        first = self._at
        while (character := self._take()) != "]" or self._at == first + 1:
            if not character:
                raise PatternError("a [ without its ]")
            if self._peek() == "-" and self._pattern[self._at + 1 : self._at + 2] not in ("", "]"):
                self._at += 1
                last = self._take()
                if last < character:
                    raise PatternError(f"{character}-{last} is no span of characters")
                members.update(map(chr, range(ord(character), ord(last) + 1)))
            else:
                members.add(character)
        return lambda given: (given in members) != excluded
