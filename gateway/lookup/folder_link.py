"""The gateway's side of operators that exchange files instead of speaking HTTP (S51).

A message from the outbox becomes a file in the box `to_operator`. What the operator leaves in `to_gateway` is an answer
to one of them, which is its acknowledgement, or a verdict or notice, which is handed to this gateway's own HTTP face:
its instant of receipt is that of the look into the box.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from smsc_emulator.base.activity import Activity
from smsc_emulator.base.folder_poll import FolderPoll, Post
from smsc_emulator.base.mailbox import GarbageError, Letter
from smsc_emulator.base.signed_http import Session, UnreachableError, post_signed
from smsc_emulator.operator.folder_face import ANSWER, TO_GATEWAY, TO_OPERATOR, box
from smsc_emulator.operator.settings import OperatorSettings

FROM_OPERATORS = ("verdicts", "notices")
"""What an operator may tell of its own: the kinds of its letters are paths of the gateway's HTTP face."""

OnAnswer = Callable[[str, int, Mapping[str, Any]], Awaitable[None]]
"""Called with (id of the message, status, body) for each answer."""


class FolderLink:
    """The letters to and from all operators that exchange files; `poll` is the deadlines of looking for theirs."""

    def __init__(
        self,
        operators: Sequence[OperatorSettings],
        data: Path,
        session: Session,
        activity: Activity,
        *,
        base_url: Callable[[], str],
        on_answer: OnAnswer,
    ) -> None:
        filing = {each.id: each for each in operators if each.folder is not None}
        self._session = session
        self._secrets = {each.id: each.secret for each in filing.values()}
        self._outboxes = {id_: box(each, data, TO_OPERATOR) for id_, each in filing.items()}
        self._base_url = base_url
        self._on_answer = on_answer
        posts = {
            id_: Post(box(each, data, TO_GATEWAY), each.folder.poll)
            for id_, each in filing.items()
            if each.folder is not None
        }
        self.poll = FolderPoll(posts, activity, self._take)

    def serves(self, operator_id: str) -> bool:
        """Whether this operator exchanges files."""
        return operator_id in self._outboxes

    def put(self, operator_id: str, kind: str, message_id: str, body: Mapping[str, Any]) -> None:
        """Leave a message for an operator; one that it has not taken yet is replaced by it. Raises OSError."""
        self._outboxes[operator_id].put(message_id, Letter(message_id, kind, body))

    async def _take(self, operator_id: str, letter: Letter) -> None:
        if letter.kind == ANSWER and letter.status is not None:
            await self._on_answer(letter.id, letter.status, letter.body)
            return
        if letter.kind not in FROM_OPERATORS:
            raise GarbageError(f"no letter of an operator is of the kind {letter.kind[:32]!r}")
        url = f"{self._base_url()}/v1/operators/{operator_id}/{letter.kind}"
        status, _ = await post_signed(self._session, url, self._secrets[operator_id], letter.id, letter.body)
        if status >= 500:
            raise UnreachableError(f"status_{status}")
        if status >= 400:
            raise GarbageError(f"the gateway refuses it with status {status}")
