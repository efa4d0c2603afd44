from smsc_emulator.base.randomness import ALPHABET, SecretRandomness


def test_tokens_have_their_length_and_letters_and_differ() -> None:
    randomness = SecretRandomness()
    tokens = [randomness.token(20) for _ in range(2_000)]
    assert {len(token) for token in tokens} == {20}
    assert set("".join(tokens)) == set(ALPHABET)
    assert len(set(tokens)) == 2_000
    assert len(randomness.token(5_000)) == 5_000
