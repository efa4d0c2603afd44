"""Whether a service may pass on a message, by who sends it, who gets it and what stands against it. Pure.

CHECKS is the whole of it. The message itself is never seen here: no content, and no more of it than an id (S67).
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Literal, TypeAlias

from smsc_emulator.frozen import frozen

About = Literal["service", "message", "sender", "recipient"]
"""Whose affair a refusal is."""


class Refusal(StrEnum):
    """Why a message may not pass, beyond what the binding of its sender or recipient says."""

    SERVICE_BLOCKED = "service_blocked"
    """The service is blocked in the country (S43, S79)."""
    MESSAGE_STOPPED = "message_stopped"
    """The message is on the stop list (S77)."""
    REFUSED_BY_RECIPIENT = "refused_by_recipient"
    """The recipient does not want the sender's messages (S75)."""


@frozen
class User:
    """What the binding of a user lets him do."""

    state: str
    """The binding's; NONE without one."""
    may_send: bool
    reason: str | None = None
    """Why he may not."""


UNKNOWN = frozenset({"NONE", "CLOSED"})
"""States of users who are not identified at all. Those of all others that may not send may not receive either (S12)."""


@frozen
class Question:
    """One message of `sender` to `recipient`; without one, to anybody."""

    sender: User
    recipient: User | None = None
    service_blocked: bool = False
    stopped: bool = False
    refused_by_recipient: bool = False
    check_recipient: bool = False
    """Whether the profile wants the recipient identified too (S78)."""
    of_messaging: bool = True
    """False: it is of that part of a mixed service which is not for messages, and which the rules are not for (S41)."""


@frozen
class Answer:
    """Whether the message may pass, and why not."""

    may_send: bool
    about: About | None = None
    reason: str | None = None


PASS = Answer(True)


def of_service(question: Question) -> Answer | None:
    """Refuse everything of a blocked service."""
    return Answer(False, "service", Refusal.SERVICE_BLOCKED) if question.service_blocked else None


def of_other_part(question: Question) -> Answer | None:
    """Let pass what the rules are not for."""
    return None if question.of_messaging else PASS


def of_stop_list(question: Question) -> Answer | None:
    """Refuse a message that is stopped."""
    return Answer(False, "message", Refusal.MESSAGE_STOPPED) if question.stopped else None


def of_sender(question: Question) -> Answer | None:
    """Refuse a sender whose binding does not let him send."""
    return None if question.sender.may_send else Answer(False, "sender", question.sender.reason)


def of_recipient(question: Question) -> Answer | None:
    """Refuse a recipient who is suspended or held, and one who is not identified where the profile checks that."""
    recipient = question.recipient
    if recipient is None or recipient.may_send:
        return None
    minded = recipient.state not in UNKNOWN or question.check_recipient
    return Answer(False, "recipient", recipient.reason) if minded else None


def of_block_list(question: Question) -> Answer | None:
    """Refuse a sender whom the recipient does not want, however well he is identified."""
    return Answer(False, "recipient", Refusal.REFUSED_BY_RECIPIENT) if question.refused_by_recipient else None


Check: TypeAlias = Callable[[Question], Answer | None]

CHECKS: tuple[Check, ...] = (of_service, of_other_part, of_stop_list, of_sender, of_recipient, of_block_list)
"""What is asked in turn; the first answer stands."""


def judge(question: Question) -> Answer:
    """Return whether the message may pass."""
    answers = (check(question) for check in CHECKS)
    return next((answer for answer in answers if answer is not None), PASS)
