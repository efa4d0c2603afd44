"""What a service may do for its users, what they show each other, and who pays: /v1/services."""

from typing import Annotated, Literal

from pydantic import Field

from confirm.ledger import decimal
from gateway.api.types import Money, UserId
from gateway.identification import bindings
from gateway.identification.bindings import Binding, Permission
from gateway.identification.service import IdentificationService
from gateway.identification.tables import attempts
from gateway.services import payers, permission, store
from gateway.services.lists import Lists
from gateway.services.permission import Question, User
from gateway.services.rules import RulesAt
from smsc_emulator.base.database import Database, Tx
from smsc_emulator.base.web import FORBIDDEN, Body, Call, Model, ProblemError, Reply, Routes

MessageId = Annotated[str, Field(pattern=r"^[A-Za-z0-9._:-]{1,64}$", examples=["msg-1"])]
"""A service's own name for a message."""
BindingState = Literal["NONE", "GRANDFATHERED", "ACTIVE", "RECHECK", "SUSPENDED", "CLOSED"]


class MaySendQuery(Model):
    """Which message it is about: no more of it than these."""

    user: UserId = Field(description="Who sends it.")
    recipient: UserId | None = Field(None, description="Who is to get it; without him, the sender alone is looked at.")
    message_id: MessageId | None = Field(None, description="Its id, for the stop list.")
    part: Literal["messaging", "other"] = Field(
        "messaging", description="Of which part of a mixed service it is; the rules are for its messages alone."
    )


class MaySend(Body):
    """Whether the service may pass on the message at this instant."""

    may_send: bool
    about: permission.About | None = Field(description="Whose affair it is that it may not.")
    reason: str | None = Field(
        description="Why not: not_identified, suspended, recheck or closed, of the sender or the recipient; "
        "refused_by_recipient; message_stopped; service_blocked."
    )
    state: BindingState = Field(description="The state of the sender's binding that decides; NONE if he has none.")
    binding_id: str | None = Field(description="That binding.")
    recipient_state: BindingState | None = Field(description="The same of the recipient, if one was named.")


class BadgeQuery(Model):
    """Whom another user looks at."""

    user: UserId


class Badge(Body):
    """What other users may see of one: never his number, and no code."""

    identified: bool | None = Field(description="Whether he is identified; null where the profile shows no badge.")


class PayersShare(Body):
    """What one payer owes for one kind of charge, all attempts together."""

    payer: Literal["service", "operator", "user"] = Field(description="Users are never told apart.")
    operator_id: str | None
    kind: Literal["sms", "call", "query"]
    amount: Money
    currency: str


class Costs(Body):
    """Who pays what of the service's ledger."""

    shares: list[PayersShare]


def own(call: Call) -> str:
    """Return the service of the request's path. Raises ProblemError if it is not the caller."""
    if call.path["id"] != call.caller:
        raise ProblemError(FORBIDDEN, "A service may ask about itself only.")
    return call.caller


class _Services:
    """The handlers."""

    def __init__(self, service: IdentificationService, database: Database, rules: RulesAt, lists: Lists) -> None:
        self._service = service
        self._database = database
        self._rules = rules
        self._lists = lists

    async def may_send(self, call: Call) -> Reply:
        service_id, query = own(call), call.query
        return Reply(await self._database.run(lambda tx: self._judged(tx, call.received_at, service_id, query)))

    def _judged(self, tx: Tx, now: int, service_id: str, query: MaySendQuery) -> MaySend:
        sender, binding = self._user(tx, now, service_id, query.user)
        to, message_id, recipient = query.recipient, query.message_id, None
        if to is not None:
            recipient, _ = self._user(tx, now, service_id, to)
        standing = store.standing(tx, now, service_id)
        question = Question(
            sender,
            recipient,
            service_blocked=standing.blocked,
            stopped=message_id is not None and self._lists.is_stopped(tx, service_id, message_id),
            refused_by_recipient=to is not None and self._lists.refuses(tx, service_id, to, query.user),
            check_recipient=self._rules(now).check_recipient,
            of_messaging=query.part == "messaging" or standing.service.kind != "mixed",
        )
        answer = permission.judge(question)
        shown = {
            "may_send": answer.may_send,
            "about": answer.about,
            "reason": answer.reason,
            "state": sender.state,
            "binding_id": None if binding is None else binding.id,
            "recipient_state": None if recipient is None else recipient.state,
        }
        return MaySend.model_validate(shown)

    def _user(self, tx: Tx, now: int, service_id: str, user_id: str) -> tuple[User, Binding | None]:
        found: tuple[Permission, Binding | None] = self._service.permission(tx, service_id, user_id)
        may, binding = found
        state = bindings.NONE if binding is None else binding.state.value
        return User(state, may.may_send, may.reason), binding

    async def badge(self, call: Call) -> Reply:
        service_id, user_id, now = own(call), call.query.user, call.received_at
        if not self._rules(now).identified_badge:
            return Reply(Badge(identified=None))
        user, _ = await self._database.run(lambda tx: self._user(tx, now, service_id, user_id))
        return Reply(Badge(identified=user.state == bindings.State.ACTIVE))

    async def costs(self, call: Call) -> Reply:
        service_id = own(call)
        found = await self._database.run(lambda tx: payers.shares(tx, service_id, attempts))
        shown = [
            PayersShare.model_validate(
                {
                    "payer": share.payer,
                    "operator_id": share.operator_id,
                    "kind": share.kind,
                    "amount": decimal(share.amount),
                    "currency": share.currency,
                }
            )
            for share in found
        ]
        return Reply(Costs(shares=shown))


def routes(service: IdentificationService, database: Database, rules: RulesAt, lists: Lists) -> Routes:
    """Return the routes of the services; each service may ask about itself. `rules` tells the profile in force."""
    group = Routes("services")
    handlers = _Services(service, database, rules, lists)
    one = "/v1/services/{id}"
    group.add(
        "GET",
        one + "/may-send",
        "Ask whether a message may pass",
        scheme="service",
        query=MaySendQuery,
        answers={200: MaySend},
        problems=(FORBIDDEN,),
    )(handlers.may_send)
    group.add(
        "GET",
        one + "/badge",
        "Ask what other users may see of one",
        scheme="service",
        query=BadgeQuery,
        answers={200: Badge},
        problems=(FORBIDDEN,),
    )(handlers.badge)
    group.add(
        "GET",
        one + "/costs",
        "Show who pays what of the service's ledger",
        scheme="service",
        answers={200: Costs},
        problems=(FORBIDDEN,),
    )(handlers.costs)
    return group
