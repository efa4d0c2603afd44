"""What each answer of a voice network makes of a call."""

import itertools

import pytest
from call_causes import WITH_A_CAUSE

from confirm.ports import CallFate
from gateway.adapters import fates
from gateway.adapters.fates import Course

SILENT, RANG = Course(), Course(rang=True)

ROWS = [
    *WITH_A_CAUSE,
    # the other way round: a SIP status, and the cause that gateways make of it
    (1, 404, "nobody"),
    (102, 408, "no_answer"),
    (18, 480, "no_answer"),
    (28, 484, "nobody"),
    (17, 486, "busy"),
    (41, 503, "congested"),
    (17, 600, "busy"),
    (21, 603, "rejected"),
]


@pytest.mark.parametrize(("cause", "status", "fate"), ROWS)
def test_a_status_with_its_cause_tells_the_fate(cause: int, status: int, fate: str) -> None:
    assert fates.final(SILENT, status, cause, answered=False) == fate


@pytest.mark.parametrize(
    ("status", "fate"),
    [
        (486, "busy"),
        (600, "busy"),
        (480, "no_answer"),
        (408, "no_answer"),
        (404, "nobody"),
        (410, "nobody"),
        (484, "nobody"),
        (604, "nobody"),
        (403, "rejected"),
        (603, "rejected"),
        (607, "blocked"),
        (608, "blocked"),
        (500, "congested"),
        (502, "congested"),
        (503, "congested"),
        (504, "congested"),
        (487, "cancelled"),
        (302, "failed"),
        (488, "failed"),
        (501, "failed"),
        (606, "failed"),
    ],
)
def test_a_status_without_a_cause_tells_the_fate_too(status: int, fate: str) -> None:
    assert fates.final(SILENT, status, None, answered=False) == fate


@pytest.mark.parametrize(
    ("status", "cause", "fate"),
    [
        (480, 1, "nobody"),  # a gateway that writes most causes as 480
        (480, 17, "busy"),
        (503, 17, "busy"),
        (480, 16, "no_answer"),  # normal clearing says nothing of its own
        (404, 3, "nobody"),  # nor does a cause that is in no table
        (487, 41, "cancelled"),  # what was cancelled was cancelled
        (608, 21, "blocked"),  # RFC 8688: an analysis of calls said no, and not the user
    ],
)
def test_the_cause_counts_more_than_the_status_where_it_says_more(status: int, cause: int, fate: str) -> None:
    assert fates.final(SILENT, status, cause, answered=False) == fate


def test_an_answered_call_was_answered_whatever_else_came() -> None:
    for status, rang in itertools.product((200, 487, 503), (False, True)):
        assert fates.final(Course(rang=rang), status, 16, answered=True) == CallFate.ANSWERED


@pytest.mark.parametrize(
    ("status", "cause", "fate"),
    [
        (486, 17, "busy"),
        (480, 19, "no_answer"),
        (603, 21, "rejected"),
        (403, 21, "rejected"),
        (487, None, "cancelled"),
        (403, 55, "rejected"),
        (607, None, "rejected"),
        (404, 1, "no_answer"),
        (503, 41, "no_answer"),
        (488, None, "no_answer"),
    ],
)
def test_a_call_that_has_rung_was_neither_blocked_nor_lost(status: int, cause: int | None, fate: str) -> None:
    assert fates.final(RANG, status, cause, answered=False) == fate


def test_no_call_that_has_rung_may_be_tried_again() -> None:
    causes = [None, *fates.CAUSES]
    seen = {
        fates.final(RANG, status, cause, answered=False) for status, cause in itertools.product(range(300, 700), causes)
    }
    assert seen == {CallFate.BUSY, CallFate.REJECTED, CallFate.NO_ANSWER, CallFate.CANCELLED}


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ([(180, False)], ["ringing"]),
        ([(180, True)], ["ringing"]),
        ([(180, False), (180, False)], ["ringing"]),
        ([(182, False), (180, False)], ["ringing"]),
        ([(183, False)], []),
        ([(183, False), (180, False)], ["ringing"]),
        ([(183, True)], ["diverted"]),
        ([(183, True), (183, True)], ["diverted"]),
        ([(183, True), (180, False)], ["diverted", "ringing"]),
        ([(180, False), (183, True)], ["ringing"]),
        ([(180, False), (181, False)], ["ringing"]),
        ([(181, False)], ["diverted"]),
        ([(181, False), (180, False)], ["diverted"]),
        ([(183, True), (181, False), (180, False)], ["diverted"]),
    ],
)
def test_the_way_to_an_answer_tells_whether_the_handset_itself_rings(
    answers: list[tuple[int, bool]], told: list[str]
) -> None:
    course, heard = Course(), []
    for status, early_media in answers:
        course, fate = fates.progress(course, status, early_media=early_media)
        heard += [fate] if fate else []
    assert heard == told
    assert course.rang == ("ringing" in told)
