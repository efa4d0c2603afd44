"""How results are told."""

from xml.etree import ElementTree as Xml

from gateway.scenarios.playing import Failure, Result
from gateway.scenarios.telling import junit, lines

GOOD = Result("01-a [late]", "A good one", 1.25, 3)
FAILURE = Failure("01-a.yaml:7:5", "step 2: then answer", ("answer.status: expected 200, got \x01",), ("+0.000 s  x",))
BAD = Result("02-b", "A bad one", 0.5, 2, FAILURE)


def test_people_read_one_line_of_what_went_well_and_the_place_of_what_did_not() -> None:
    assert list(lines(GOOD)) == ["ok    01-a [late]: A good one  (3 steps, 1.2 s)"]
    assert list(lines(BAD)) == [
        "FAIL  02-b: A bad one  (2 steps, 0.5 s)",
        "      01-a.yaml:7:5: step 2: then answer",
        "        answer.status: expected 200, got \x01",
        "        the journal before it:",
        "          +0.000 s  x",
    ]


def test_programs_read_a_test_case_for_each_run() -> None:
    suite = Xml.fromstring(junit([GOOD, BAD]))
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    assert [(case.get("classname"), case.get("name")) for case in suite] == [
        ("01-a", "A good one [late]"),
        ("02-b", "A bad one"),
    ]
    (failure,) = suite.iter("failure")
    assert failure.get("message") == "answer.status: expected 200, got ?"
    assert failure.text is not None
    assert failure.text.startswith("01-a.yaml:7:5: step 2")
