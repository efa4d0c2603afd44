from copy import copy

import pytest

from smsc_emulator.base import randomness as module
from smsc_emulator.base.randomness import ALPHABET, SecretRandomness


def test_tokens_have_their_length_and_letters_and_differ() -> None:
    randomness = SecretRandomness()
    tokens = [randomness.token(20) for _ in range(2_000)]
    assert {len(token) for token in tokens} == {20}
    assert set("".join(tokens)) == set(ALPHABET)
    assert len(set(tokens)) == 2_000
    assert len(randomness.token(5_000)) == 5_000


def test_a_forked_process_draws_other_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    here = SecretRandomness()
    here.token(20)
    there = copy(here)
    mine = here.token(20)
    monkeypatch.setattr(module, "getpid", lambda: 1)
    assert there.token(20) != mine
