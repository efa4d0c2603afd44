"""The latest submit_sm: in their order, each with its number, and no more than are kept."""

from smsc_emulator.core.submits import KEPT, Submits
from smsc_emulator.smpp.pdus import SubmitSm


def test_only_the_latest_are_remembered_and_numbers_go_on() -> None:
    submits = Submits()
    for number in range(1, KEPT + 11):
        submits.add(number, "esme", SubmitSm(short_message=b"%d" % number), 0, str(number))
    found = submits.since(0)
    assert len(found) == KEPT
    assert [found[0].number, found[-1].number] == [11, KEPT + 10]
    assert all(submit.number == submit.at == int(submit.message_id) for submit in found)
    assert [submit.number for submit in submits.since(KEPT + 8)] == [KEPT + 9, KEPT + 10]
    assert submits.since(KEPT + 10) == []


def test_who_waits_is_woken_by_each() -> None:
    submits, woken = Submits(), []
    wake = lambda: woken.append(1)  # noqa: E731 - the same one is taken away again
    submits.waiting.add(wake)
    submits.add(0, "esme", SubmitSm(), 0, "1")
    submits.waiting.discard(wake)
    submits.add(0, "esme", SubmitSm(), 0, "2")
    assert woken == [1]


def test_a_segment_tells_its_place_and_its_part_of_the_text() -> None:
    submits = Submits()
    submits.add(0, "esme", SubmitSm(esm_class=0x40, short_message=b"\5\0\3\7\2\1Hello"), 0, "1")
    (submit,) = submits.since(0)
    assert submit.part.data == b"Hello"
    assert submit.part.concatenation is not None
    assert (submit.part.concatenation.total, submit.part.concatenation.sequence) == (2, 1)
