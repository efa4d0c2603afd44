"""The face of an operator of the old kind, which exchanges files with its gateway instead of speaking HTTP (S51).

What the gateway leaves in the box `to_operator` is handed to the operator's HTTP face, and what that answers is left in
the box `to_gateway`, where the operator's verdicts and notices go too.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from smsc_emulator.base.activity import Activity
from smsc_emulator.base.folder_poll import FolderPoll, Post
from smsc_emulator.base.mailbox import GarbageError, Letter, Mailbox
from smsc_emulator.base.signed_http import Session, UnreachableError, post_signed
from smsc_emulator.operator.settings import OperatorSettings

TO_OPERATOR, TO_GATEWAY, ASIDE = "to_operator", "to_gateway", "aside"

PATHS = ("queries", "codes", "voids", "register/open")
"""What a gateway may ask: the kinds of its letters are the paths of the HTTP face."""

ANSWER = "answer"


def box(operator: OperatorSettings, data: Path, direction: str) -> Mailbox:
    """Return one direction of an operator's folder, which is made if it is not there. Raises OSError."""
    assert operator.folder is not None
    folder = data / operator.folder.path
    return Mailbox(folder / direction, folder / ASIDE, operator.secret)


class FolderFace:
    """The letters to all operators of the lab that exchange files; `poll` is their deadlines.

    `face_url` tells where the operators' HTTP face is.
    """

    def __init__(
        self,
        operators: Sequence[OperatorSettings],
        data: Path,
        session: Session,
        activity: Activity,
        face_url: Callable[[], str],
    ) -> None:
        filing = {each.id: each for each in operators if each.folder is not None}
        self._session = session
        self._secrets = {each.id: each.secret for each in filing.values()}
        self._outboxes = {id_: box(each, data, TO_GATEWAY) for id_, each in filing.items()}
        self._face_url = face_url
        posts = {
            id_: Post(box(each, data, TO_OPERATOR), each.folder.poll)
            for id_, each in filing.items()
            if each.folder is not None
        }
        self.poll = FolderPoll(posts, activity, self._take)

    async def _take(self, operator_id: str, letter: Letter) -> None:
        if letter.kind not in PATHS:
            raise GarbageError(f"no letter to an operator is of the kind {letter.kind[:32]!r}")
        url = f"{self._face_url()}/operator/{operator_id}/{letter.kind}"
        secret = self._secrets[operator_id]
        status, raw = await post_signed(self._session, url, secret, letter.id, letter.body)
        if status >= 500:
            raise UnreachableError(f"status_{status}")
        answer = Letter(letter.id, ANSWER, json.loads(raw), status)
        self._outboxes[operator_id].put(f"{ANSWER}-{letter.id}", answer)
