"""The four machines: each state meets each input, and the timers come at the instants of RFC 3261."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsc_emulator.sip.calls import Peer, Transport
from smsc_emulator.sip.timers import Schedule, Timers
from smsc_emulator.sip.transactions import BEGIN, ON_ENTRY, TABLE, Action, Input, Kind, State, Transaction

FINAL = {Input.SUCCESS, Input.FAILURE}
CLIENTS = {Kind.INVITE_CLIENT, Kind.CLIENT}


def begin(kind: Kind, transport: Transport = "udp") -> Transaction:
    return Transaction(kind, ("key",), Peer("127.0.0.1", 5060, transport), Timers(), 0.0)


def deadlines(transaction: Transaction, until: float = 1_000.0) -> list[tuple[float, tuple[Action, ...]]]:
    """Let the timers of a transaction fire; return when each did, and what was to be done."""
    fired = []
    while (due := transaction.due) is not None and due <= until:
        fired.append((due, transaction.take_deadline(due)))
    return fired


def resent(transaction: Transaction) -> list[float]:
    return [at for at, actions in deadlines(transaction) if actions == (Action.RESEND,)]


def test_every_step_of_a_table_leads_to_a_state_of_the_same_table() -> None:
    for kind, states in TABLE.items():
        assert BEGIN[kind] in states
        for steps in states.values():
            assert {state for state, _ in steps.values()} <= {*states, State.TERMINATED}


def test_only_states_that_wait_for_a_user_have_no_timer() -> None:
    without = {(kind, state) for kind, states in TABLE.items() for state in states} - set(ON_ENTRY)
    assert without == {
        (Kind.INVITE_CLIENT, State.PROCEEDING),
        (Kind.CLIENT, State.PROCEEDING),  # goes on with the timers of Trying
        (Kind.INVITE_SERVER, State.PROCEEDING),
        (Kind.SERVER, State.TRYING),
        (Kind.SERVER, State.PROCEEDING),
    }


@given(
    kind=st.sampled_from(Kind),
    transport=st.sampled_from(["udp", "tcp"]),
    inputs=st.lists(st.tuples(st.sampled_from(Input), st.floats(0, 5)), max_size=30),
)
def test_any_inputs_in_any_order_leave_a_transaction_that_ends_after_its_final_response(
    kind: Kind, transport: Transport, inputs: list[tuple[Input, float]]
) -> None:
    transaction, now, told = begin(kind, transport), 0.0, 0
    for happened, later in inputs:
        was = transaction.state
        now += later
        actions = transaction.take(happened, now)
        if was is State.TERMINATED:
            assert not actions
            assert transaction.over
        if Action.TELL in actions and happened in FINAL and happened is not Input.SUCCESS:
            told += 1
        assert (Action.SEND in actions) <= (kind not in CLIENTS)
        assert (Action.ACKNOWLEDGE in actions) <= (kind is Kind.INVITE_CLIENT and happened is Input.FAILURE)
        assert transaction.over <= (transaction.due is None)
    assert told <= 1
    transaction.take(Input.FAILURE, now)
    deadlines(transaction)
    assert transaction.over


def test_an_invite_is_sent_again_after_twice_the_time_until_timer_b() -> None:
    transaction = begin(Kind.INVITE_CLIENT)
    fired = deadlines(transaction)
    assert [at for at, _ in fired] == [0.5, 1.5, 3.5, 7.5, 15.5, 31.5, 32.0]
    assert fired[-1][1] == (Action.TIMED_OUT,)


def test_another_request_is_sent_again_every_t2_at_the_latest_until_timer_f() -> None:
    transaction = begin(Kind.CLIENT)
    fired = deadlines(transaction)
    assert [at for at, _ in fired] == [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5, 32.0]
    assert fired[-1][1] == (Action.TIMED_OUT,)


def test_a_provisional_response_slows_a_request_down_to_t2_and_timer_f_goes_on() -> None:
    transaction = begin(Kind.CLIENT)
    transaction.take(Input.PROVISIONAL, 0.1)
    assert [at for at, _ in deadlines(transaction)] == [0.5, 4.5, 8.5, 12.5, 16.5, 20.5, 24.5, 28.5, 32.0]


def test_a_refusal_is_sent_again_until_its_ack_or_timer_h() -> None:
    transaction = begin(Kind.INVITE_SERVER)
    transaction.take(Input.FAILURE, 0.0)
    assert resent(transaction) == [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert transaction.over
    acknowledged = begin(Kind.INVITE_SERVER)
    acknowledged.take(Input.FAILURE, 0.0)
    acknowledged.take(Input.ACK, 1.0)
    assert deadlines(acknowledged) == [(6.0, ())]  # timer I


@pytest.mark.parametrize(
    ("kind", "final", "udp", "tcp"),
    [
        (Kind.INVITE_CLIENT, Input.FAILURE, 32.0, None),  # D
        (Kind.INVITE_CLIENT, Input.SUCCESS, 32.0, 32.0),  # M
        (Kind.CLIENT, Input.SUCCESS, 5.0, None),  # K
        (Kind.INVITE_SERVER, Input.SUCCESS, 32.0, 32.0),  # L
        (Kind.SERVER, Input.FAILURE, 32.0, None),  # J
    ],
)
def test_a_final_response_is_followed_by_a_time_for_stragglers(
    kind: Kind, final: Input, udp: float, tcp: float | None
) -> None:
    for transport, expected in (("udp", udp), ("tcp", tcp)):
        transaction = begin(kind, transport)  # type: ignore[arg-type] - the two are transports
        transaction.take(final, 0.0)
        assert [at for at, _ in deadlines(transaction)] == ([] if expected is None else [expected])
        assert transaction.over


def test_over_tcp_nothing_is_sent_again() -> None:
    for kind in CLIENTS:
        assert deadlines(begin(kind, "tcp")) == [(32.0, (Action.TIMED_OUT,))]


def test_each_2xx_to_an_invite_is_told_and_any_other_final_response_once() -> None:
    answered, refused = begin(Kind.INVITE_CLIENT), begin(Kind.INVITE_CLIENT)
    assert [answered.take(Input.SUCCESS, 0.0) for _ in range(2)] == [(Action.TELL,)] * 2
    assert refused.take(Input.FAILURE, 0.0) == (Action.ACKNOWLEDGE, Action.TELL)
    assert refused.take(Input.FAILURE, 0.0) == (Action.ACKNOWLEDGE,)


def test_a_schedule_gives_items_in_the_order_of_their_time_and_forgets_what_was_set_before() -> None:
    schedule: Schedule[str] = Schedule()
    schedule.set("a", 3.0)
    schedule.set("b", 2.0)
    schedule.set("c", 1.0)
    schedule.set("a", 1.5)
    schedule.set("c", None)
    assert schedule.next() == 1.5
    assert schedule.pop(1.0) is None
    assert [schedule.pop(9.0), schedule.pop(9.0), schedule.pop(9.0)] == ["a", "b", None]
