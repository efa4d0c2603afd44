import asyncio

from smsc_emulator.core.commits import Commits, Turn
from smsc_emulator.core.message import Message
from smsc_emulator.core.store import Changes, Stored
from smsc_emulator.smpp.pdus import SubmitSm


class SlowStore:
    """A store whose saves end when the test says so, or fail."""

    def __init__(self) -> None:
        self.saved: list[list[int]] = []
        self.began = asyncio.Event()
        self.gate = asyncio.Event()
        self.failure: Exception | None = None

    async def load(self) -> Stored:
        return Stored()

    async def save(self, changes: Changes) -> None:
        self.saved.append([message.id for message in changes.accepted])
        self.began.set()
        await self.gate.wait()
        if self.failure is not None:
            raise self.failure


class Outcome:
    def __init__(self) -> None:
        self.committed: list[Turn] = []
        self.failed: list[tuple[Turn, Exception]] = []

    def fail(self, turn: Turn, error: Exception) -> None:
        self.failed.append((turn, error))


def accept(commits: Commits, number: int) -> None:
    commits.turn().changes.accepted.append(Message(number, str(number), "alice", 0, SubmitSm()))


async def test_changes_of_one_turn_share_a_commit_and_the_next_gather_meanwhile() -> None:
    store, outcome = SlowStore(), Outcome()
    commits = Commits(store, outcome.committed.append, outcome.fail)
    accept(commits, 1)
    accept(commits, 2)
    await store.began.wait()
    for number in (3, 4, 5):
        accept(commits, number)
        await asyncio.sleep(0)
    assert not outcome.committed
    store.gate.set()
    await commits.saved()
    assert store.saved == [[1, 2], [3, 4, 5]]
    assert len(outcome.committed) == 2


async def test_a_turn_that_could_not_be_saved_is_handed_back_and_the_next_one_goes_on() -> None:
    store, outcome = SlowStore(), Outcome()
    commits = Commits(store, outcome.committed.append, outcome.fail)
    store.gate.set()
    store.failure = OSError("the disk is full")
    accept(commits, 1)
    await commits.saved()
    store.failure = None
    accept(commits, 2)
    await commits.saved()
    assert [str(error) for _, error in outcome.failed] == ["the disk is full"]
    assert [[m.id for m in turn.changes.accepted] for turn in outcome.committed] == [[2]]
