import pytest

from smsc_emulator.base.durations import HOUR, MINUTE
from smsc_emulator.core.mobile_plans import Planned, read


def test_a_row_is_a_message_or_a_series() -> None:
    lines = [
        "to,phone_number,text,after,every,times",
        "1234,+70000000001,STOP,,,",
        '777,+7 (000) 000-00-02,"hello, world",1m,1h,3',
    ]
    one, series = read(lines)
    assert one == Planned("+70000000001", "1234", "STOP")
    assert series == Planned("+70000000002", "777", "hello, world", MINUTE, HOUR, 3)
    assert (one.instants(5), series.instants(5)) == ([5], [5 + MINUTE + HOUR * n for n in range(3)])


def test_the_optional_columns_may_be_absent() -> None:
    assert read(["phone_number,to,text", "+70000000001,1234,hi"]) == [Planned("+70000000001", "1234", "hi")]


@pytest.mark.parametrize(
    ("lines", "mistake"),
    [
        ([], "line 1: the columns are"),
        (["phone_number,to"], "line 1: the columns are"),
        (["phone_number,to,text,when"], "line 1: the columns are"),
        (["phone_number,to,text", "+70000000001,1234"], "line 2: the row has another number"),
        (["phone_number,to,text", "+70000000001,1234,a,b"], "line 2: the row has another number"),
        (["phone_number,to,text", "70000000001,1234,hi"], "line 2: '70000000001' is not a number"),
        (["phone_number,to,text", "+70000000001,bank,hi"], "line 2: to: 'bank'"),
        (["phone_number,to,text", "+70000000001,1234,"], "line 2: text: "),
        (["phone_number,to,text,after", "+70000000001,1234,hi,5"], "line 2: '5' is not a duration"),
        (["phone_number,to,text,times", "+70000000001,1234,hi,0"], "line 2: times: "),
    ],
)
def test_a_mistake_is_told_with_its_line(lines: list[str], mistake: str) -> None:
    with pytest.raises(ValueError, match=f"^{mistake}"):
        read(lines)
