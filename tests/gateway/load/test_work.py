"""How busy the tool was."""

from gateway.load.work import Work


def test_the_wait_at_the_end_does_not_hide_that_the_tool_was_busy() -> None:
    spent = iter([10.0, 10.9, 10.95])
    work = Work(lambda: next(spent))
    work.look(1_000_000)
    work.look(1_000_000)
    assert round(work.busy, 3) == 0.9
