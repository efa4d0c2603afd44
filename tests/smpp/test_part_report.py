from smsc_emulator.smpp import segments
from smsc_emulator.smpp.part_report import pending_reports, report
from smsc_emulator.smpp.segments import Key, Part, Reassembler, read_part

TEXT = "All work and no play makes Jack a dull boy. " * 9


def parts(reference: int = 7) -> list[Part]:
    return [read_part(p.short_message, p.esm_class, p.data_coding) for p in segments.split(TEXT, reference)]


def test_a_text_whose_parts_came_in_order_has_no_findings() -> None:
    reassembler = Reassembler()
    assembly = [reassembler.add("a", "b", part) for part in parts()][-1]
    assert report(Key("a", "b", 7, 3), assembly).findings == ()
    assert pending_reports(reassembler) == []


def test_missing_repeated_and_contradictory_parts_are_told() -> None:
    first, _, third = parts()
    other = Part(b"other", 0, first.concatenation)
    reassembler = Reassembler()
    for part in (third, first, first, other):
        reassembler.add("a", "b", part)
    (told,) = pending_reports(reassembler)
    assert (told.source, told.destination, told.reference, told.total) == ("a", "b", 7, 3)
    assert (told.received, told.missing, told.duplicates, told.conflicts) == ((3, 1), (2,), (1,), (1,))
    assert told.out_of_order
    assert told.text.startswith("other")
    assert told.findings == (
        "of 3 parts these are missing: 2",
        "these parts came more than once: 1",
        "these parts came again with another content, so a reference is used twice: 1",
        "the parts came in the order 3, 1",
    )


def test_the_senders_mistakes_are_told_by_part() -> None:
    part = read_part(b"\x09\x00hello", 0x40, 0)
    told = report(Key("a", "b", 0, 1), Reassembler().add("a", "b", part))
    assert told.findings == ("part 1: UDHL 9 reaches beyond the 6 octets that follow it",)
