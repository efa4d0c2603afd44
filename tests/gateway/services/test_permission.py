"""The truth table of may-send."""

from itertools import product

import pytest

from gateway.services.permission import Answer, Question, User, judge

STATES = {
    "NONE": User("NONE", False, "not_identified"),
    "GRANDFATHERED": User("GRANDFATHERED", True),
    "ACTIVE": User("ACTIVE", True),
    "RECHECK": User("RECHECK", True),
    "HELD": User("RECHECK", False, "recheck"),
    "SUSPENDED": User("SUSPENDED", False, "suspended"),
    "CLOSED": User("CLOSED", False, "closed"),
}
MAY_SEND = {"GRANDFATHERED", "ACTIVE", "RECHECK"}
MAY_RECEIVE = MAY_SEND | {"NONE", "CLOSED"}


@pytest.mark.parametrize(("sender", "recipient", "check"), list(product(STATES, STATES, (False, True))))
def test_a_message_passes_if_its_sender_may_send_and_its_recipient_may_receive(sender, recipient, check):
    answer = judge(Question(STATES[sender], STATES[recipient], check_recipient=check))
    received = recipient in (MAY_SEND if check else MAY_RECEIVE)
    assert answer.may_send is (sender in MAY_SEND and received)
    if not answer.may_send:
        about, user = ("recipient", recipient) if sender in MAY_SEND else ("sender", sender)
        assert (answer.about, answer.reason) == (about, STATES[user].reason)


@pytest.mark.parametrize("sender", STATES)
def test_without_a_recipient_the_sender_alone_decides_even_where_recipients_are_checked(sender):
    assert judge(Question(STATES[sender], check_recipient=True)).may_send is (sender in MAY_SEND)


ACTIVE, SUSPENDED = STATES["ACTIVE"], STATES["SUSPENDED"]


@pytest.mark.parametrize(
    ("against", "answer"),
    [
        ({}, Answer(True)),
        ({"refused_by_recipient": True}, Answer(False, "recipient", "refused_by_recipient")),
        ({"stopped": True}, Answer(False, "message", "message_stopped")),
        ({"service_blocked": True}, Answer(False, "service", "service_blocked")),
        ({"stopped": True, "refused_by_recipient": True}, Answer(False, "message", "message_stopped")),
        ({"service_blocked": True, "stopped": True}, Answer(False, "service", "service_blocked")),
    ],
)
def test_identified_users_are_refused_by_block_list_stop_list_and_a_block_of_the_service(against, answer):
    assert judge(Question(ACTIVE, ACTIVE, **against)) == answer


@pytest.mark.parametrize("sender", STATES)
def test_what_is_no_message_of_a_mixed_service_passes_whoever_sends_it_unless_the_service_is_blocked(sender):
    other = {"of_messaging": False, "stopped": True, "refused_by_recipient": True, "check_recipient": True}
    assert judge(Question(STATES[sender], SUSPENDED, **other)) == Answer(True)
    assert judge(Question(STATES[sender], service_blocked=True, **other)).may_send is False
