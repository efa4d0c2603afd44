"""What an attempt asks of a gateway, as templates of requests: the lab's own API, or that of another gateway."""

import json
import re
from collections.abc import Collection, Mapping
from typing import Any, Final
from urllib.parse import quote

from smsc_emulator.frozen import frozen

START: Final = 'POST /v1/identifications {"user_id": "{user}", "phone_number": "{number}"}'
CHECK: Final = 'POST /v1/identifications/{id}/check {"code": "{code}"}'
READ: Final = "GET /v1/identifications/{id}?wait=10s&state={state}"
SUCCESS: Final = "IDENTIFIED"
FAILURE: Final = "REFUSED"

_PLACE = re.compile(r"\{(user|number|id|code|state)\}")


@frozen
class Template:
    """A request with places to fill: {user}, {number}, {id}, {code} and {state}."""

    method: str
    path: str
    body: str | None

    @classmethod
    def read(cls, text: str) -> "Template":
        """Read `METHOD PATH [JSON]`. Raises ValueError."""
        words = text.split(None, 2)
        if len(words) < 2 or not words[1].startswith("/"):
            raise ValueError(f"{text!r} is no request; write one as: {READ}")
        body = words[2] if len(words) > 2 else None
        if body is not None:
            try:
                json.loads(body)
            except ValueError as error:
                raise ValueError(f"{text!r}: its body is no JSON: {error}") from None
        return cls(words[0].upper(), words[1], body)

    def filled(self, values: Mapping[str, str]) -> tuple[str, str, bytes | None]:
        """Return method, path and body with the values in their places."""
        path = _PLACE.sub(lambda match: quote(values.get(match[1], ""), safe=""), self.path)
        if self.body is None:
            return self.method, path, None
        body = _PLACE.sub(lambda match: json.dumps(values.get(match[1], ""))[1:-1], self.body)
        return self.method, path, body.encode()


@frozen
class Journey:
    """How an attempt is started, its code given back, and its end waited for.

    `id_field` and `state_field` name members of the answers, `a.b` one inside another. An attempt is over when its
    state is one of `success` or of `failure`.
    """

    start: Template
    check: Template
    read: Template
    id_field: str = "id"
    state_field: str = "state"
    success: frozenset[str] = frozenset({SUCCESS})
    failure: frozenset[str] = frozenset({FAILURE})

    @classmethod
    def read_options(
        cls,
        requests: tuple[str | None, str | None, str | None],
        fields: tuple[str, str],
        ends: tuple[Collection[str], Collection[str]],
    ) -> "Journey":
        """Read start, check and read, the fields of id and state, and the states of success and failure.

        What is None or empty is the lab's own. Raises ValueError.
        """
        given = zip(requests, (START, CHECK, READ), strict=True)
        start, check, read = (Template.read(text or own) for text, own in given)
        success, failure = (frozenset(end) for end in ends)
        return cls(start, check, read, *fields, success or frozenset({SUCCESS}), failure or frozenset({FAILURE}))

    def id_of(self, answer: Any) -> str:
        """Return the attempt's id; empty if the answer has none."""
        return str(member(answer, self.id_field) or "")

    def state_of(self, answer: Any) -> str:
        """Return the attempt's state; empty if the answer has none."""
        return str(member(answer, self.state_field) or "")


def member(answer: Any, path: str) -> Any:
    """Return a member of a JSON object by its path, or None."""
    for name in path.split("."):
        if not isinstance(answer, Mapping):
            return None
        answer = answer.get(name)
    return answer
