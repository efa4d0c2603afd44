from smsc_emulator.handsets.handset import Handset
from smsc_emulator.smpp import segments
from smsc_emulator.smpp.pdus import SubmitSm


def test_a_handset_tells_of_the_texts_that_lack_parts() -> None:
    handset = Handset("+70000000001")
    assert handset.unfinished == []
    parts = segments.split("All work and no play makes Jack a dull boy. " * 9, 7)
    pdus = [SubmitSm(source_addr="a", esm_class=part.esm_class, short_message=part.short_message) for part in parts]
    for number, pdu in enumerate((pdus[2], pdus[0]), 1):
        assert handset.receive(number, pdu, 0) is None
    (told,) = handset.unfinished
    assert (told.source, told.missing, told.out_of_order) == ("a", (2,), True)
    assert handset.receive(3, pdus[1], 0) is not None
    assert handset.unfinished == []
