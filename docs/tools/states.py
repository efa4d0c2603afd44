"""The reference of states: each machine that is a table in the code, drawn from that table."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any, NamedTuple

from chart import Move, chart
from text import cell, table

from confirm import challenge
from gateway.identification import attempt, bindings, machine
from smsc_emulator.core import message
from smsc_emulator.handsets import states as handsets
from smsc_emulator.handsets import voice
from smsc_emulator.sip import transactions
from smsc_emulator.smpp import states as smpp
from smsc_emulator.smpp.constants import CommandId, MessageState

INTRODUCTION = """# States

Everything below is drawn from the tables that the program runs by. A column is a state; a row is one move, from the dot to the arrow's head, with its cause at the right. States with a thick edge have no way out. What is not drawn cannot happen.
"""


_ATTEMPT = (
    "An attempt to identify a user by a number. What stands behind a comma has to hold for the move; what stands behind "
    "a colon is the reason of the refusal. Of the moves of one state and input at most one has a condition that holds."
)
_BINDING = "That a user of a service is identified by a number. An attempt lives minutes, a binding years."


class Machine(NamedTuple):
    """One drawing and what is said of it."""

    name: str
    title: str
    about: str
    states: Sequence[str]
    moves: Sequence[Move]


def pages() -> dict[str, str]:
    """Return the page and the drawings by their paths under docs/reference."""
    drawn = [*_gateway(), *_operator_side(), *_sip()]
    parts = [INTRODUCTION]
    for each in drawn:
        parts += [f"## {each.title}\n", f"{each.about}\n", f"![{each.title}](states/{each.name}.svg)\n"]
        if each.name == "smpp-session":
            parts += ["Who may issue which request in which state:\n", _operations()]
    parts += ["## A handset and a message\n", _handsets(), "## A handset and a call\n", _calls()]
    files = {f"states/{each.name}.svg": chart(each.title, each.moves, each.states) for each in drawn}
    return {"states.md": "\n".join(parts).rstrip() + "\n", **files}


def _gateway() -> list[Machine]:
    attempts = [
        Move(line.source, line.target, f"{line.given.__name__}{_when(line.when)}{_because(line.reason)}")
        for line in machine.TRANSITIONS
    ]
    moves = [Move(state, target, happening) for (state, happening), target in bindings.MOVES.items()]
    proofs = [
        Move(state, target, happening + _because(reason))
        for (state, happening), (target, reason) in challenge.TRANSITIONS.items()
    ]
    return [
        Machine("identification", "An identification", _ATTEMPT, _names(attempt.State), attempts),
        Machine("binding", "A binding", _BINDING, _names(bindings.State), moves),
        Machine(
            "confirmation",
            "A confirmation",
            "A confirmation is pending until one thing ends it. Its steps, one for each method, follow each other "
            "within the pending state.",
            _names(challenge.State),
            proofs,
        ),
    ]


def _operator_side() -> list[Machine]:
    order = [state.name for state in MessageState]
    lives = [
        Move(MessageState(state).name, MessageState(after).name, "")
        for state, afters in message.TRANSITIONS.items()
        for after in sorted(afters)
    ]
    used = {name for move in lives for name in move[:2]}
    return [
        Machine(
            "message",
            "A message in the SMSC",
            "The states of SMPP 3.4, 5.2.28, with those that SMPP 5.0 added.",
            [name for name in order if name in used],
            lives,
        ),
        Machine(
            "smpp-session",
            "An SMPP session",
            "The states of SMPP 3.4, 2.2. Each of them ends in CLOSED when the connection does.",
            [state.name for state in smpp.State],
            _session(),
        ),
    ]


def _session() -> list[Move]:
    binds = [
        Move(state.name, target.name, CommandId(command).name.lower())
        for command, target in smpp.BOUND_BY.items()
        for state in _ordered(smpp.OPERATIONS[command].states)
    ]
    outbinds = [Move(each.name, "OUTBOUND", "outbind") for each in _ordered(smpp.OPERATIONS[CommandId.OUTBIND].states)]
    unbinds = [Move(each.name, "UNBOUND", "unbind") for each in _ordered(smpp.OPERATIONS[CommandId.UNBIND].states)]
    ends = [Move(each.name, "CLOSED", "the connection ends") for each in smpp.State if each is not smpp.State.CLOSED]
    return [*outbinds, *binds, *unbinds, *ends]


def _ordered(states: frozenset[smpp.State]) -> list[smpp.State]:
    return sorted(states, key=lambda state: state.value)


def _operations() -> str:
    rows = [
        [
            f"`{CommandId(command).name.lower()}`",
            ", ".join(sorted(role.name for role in each.issuers)),
            "any" if each.states == frozenset(smpp.State) else ", ".join(state.name for state in _ordered(each.states)),
        ]
        for command, each in smpp.OPERATIONS.items()
    ]
    return table(["request", "issued by", "in the states"], rows)


def _sip() -> list[Machine]:
    return [
        Machine(
            f"sip-{kind.name.lower().replace('_', '-')}",
            f"A SIP transaction: {kind.name.lower().replace('_', ' ')}",
            "RFC 3261, section 17, with the Accepted state of RFC 6026.",
            [state.name for state in transactions.State if state in _used(rows)],
            [
                Move(state.name, target.name, _words(given) + _because(", ".join(_words(each) for each in actions)))
                for state, inputs in rows.items()
                for given, (target, actions) in inputs.items()
            ],
        )
        for kind, rows in transactions.TABLE.items()
    ]


def _used(rows: Mapping[Any, Mapping[Any, Any]]) -> set[Any]:
    return set(rows) | {target for inputs in rows.values() for target, _ in inputs.values()}


def _handsets() -> str:
    rows = [
        [f"`{state}`", cell(found.meaning), MessageState(found.state).name, str(found.error), str(found.network_error)]
        for state, found in handsets.OUTCOMES.items()
    ]
    return table(["handset", "what becomes of a message", "message_state", "`err`", "network_error_code"], rows)


def _calls() -> str:
    rows = [
        [f"`{name}`", cell(each.meaning), str(each.final), "" if each.cause is None else str(each.cause)]
        for name, each in voice.REACTIONS.items()
    ]
    return table(["handset", "what becomes of a call", "SIP status", "Q.850 cause"], rows)


def _when(condition: Callable[..., bool]) -> str:
    told = _told(condition)
    return "" if told == "always" else f", if {told}"


def _told(condition: Callable[..., bool]) -> str:
    """Return a condition in words: its name, or what it is joined from."""
    inner = inspect.getclosurevars(condition).nonlocals
    if "conditions" in inner:
        return " and ".join(_told(each) for each in inner["conditions"])
    if "reading" in inner:
        return str(inner["reading"].value)
    if "condition" in inner:
        return f"not {_told(inner['condition'])}"
    return condition.__name__.replace("_", " ")


def _because(reason: object) -> str:
    return f": {reason}" if reason else ""


def _words(each: Enum) -> str:
    return each.name.lower().replace("_", " ")


def _names(states: type[Enum]) -> list[str]:
    return [str(state.value) for state in states]
