"""The page for those who write a receiver tells what may come again."""

from pathlib import Path

from gateway.webhooks.tries import UNWRITTEN

PAGE = (Path(__file__).parents[3] / "docs" / "howto" / "test-webhooks.md").read_text(encoding="utf-8")


def test_the_page_says_that_a_receiver_must_know_what_comes_again_and_how_much_may() -> None:
    [paragraph] = [each for each in PAGE.split("\n\n") if each.startswith("Webhooks come at least once")]
    assert f"up to {UNWRITTEN + 1} for an endpoint" in paragraph
    assert "`webhook-id`" in paragraph
