import json
from pathlib import Path

import pytest

from smsc_emulator.base.mailbox import LONGEST, GarbageError, Letter, Mailbox

SECRET = "whsec_YWxwaGEtdGVzdC1vcGVyYXRvci1zaWduaW5nLWtleQ=="
LETTER = Letter("req_1", "queries", {"phone_number": "+70000000001", "name": "Ёлка"})


def mailbox(tmp_path: Path, secret: str = SECRET) -> Mailbox:
    return Mailbox(tmp_path / "box", tmp_path / "aside", secret)


def test_a_letter_is_read_as_it_was_left_and_is_gone_when_it_is_done(tmp_path: Path):
    box = mailbox(tmp_path)
    box.put("b", Letter("a_1", "answer", {}, 202))
    box.put("a", LETTER)
    files = box.waiting()
    assert [box.read(file) for file in files] == [[LETTER], [Letter("a_1", "answer", {}, 202)]]
    for file in files:
        box.done(file)
        box.done(file)
    assert box.waiting() == []


def test_a_letter_left_again_under_its_name_replaces_the_one_that_is_there(tmp_path: Path):
    box = mailbox(tmp_path)
    box.put("a", LETTER)
    box.put("a", LETTER)
    assert len(box.waiting()) == 1


def test_a_file_that_is_not_renamed_yet_is_not_seen(tmp_path: Path):
    box = mailbox(tmp_path)
    (tmp_path / "box" / ".a.tmp").write_text("{")
    (tmp_path / "box" / ".a.jsonl").write_text("{")
    (tmp_path / "box" / "note.txt").write_text("for people")
    assert box.waiting() == []


def test_a_file_may_hold_several_letters(tmp_path: Path):
    box = mailbox(tmp_path)
    for name in "ab":
        box.put(name, LETTER)
    first, second = box.waiting()
    (tmp_path / "box" / "c.jsonl").write_bytes(first.read_bytes() + b"\n" + second.read_bytes())
    assert box.read(tmp_path / "box" / "c.jsonl") == [LETTER, LETTER]


def signed(tmp_path: Path) -> dict[str, object]:
    box = mailbox(tmp_path)
    box.put("a", LETTER)
    told: dict[str, object] = json.loads(box.waiting()[0].read_text())
    return told


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"body": {"phone_number": "+70000000002"}}, "not signed"),
        ({"kind": "codes"}, "not signed"),
        ({"id": "req_2"}, "not signed"),
        ({"status": 200}, "not signed"),
        ({"signature": "é"}, "not signed"),
        ({"signature": 1}, "not a letter"),
        ({"id": "../../x"}, "not a letter"),
        ({"body": []}, "not a letter"),
        ({"status": "200"}, "not a letter"),
        ({"more": 1}, "not a letter"),
    ],
)
def test_a_letter_that_was_changed_is_garbage(tmp_path: Path, change: dict[str, object], reason: str):
    file = tmp_path / "box" / "a.jsonl"
    told = signed(tmp_path) | change
    file.write_text(json.dumps(told))
    with pytest.raises(GarbageError, match=f"line 1 is {reason}"):
        mailbox(tmp_path).read(file)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "empty"),
        (b"\n \n", "empty"),
        (b"{", "line 1 is not JSON"),
        (b"\xff\xfe\x00", "line 1 is not JSON"),
        (b"[]", "not a letter"),
        (b"x" * (LONGEST + 1), "more than"),
    ],
)
def test_what_is_no_letter_is_garbage(tmp_path: Path, raw: bytes, reason: str):
    box = mailbox(tmp_path)
    file = tmp_path / "box" / "a.jsonl"
    file.write_bytes(raw)
    with pytest.raises(GarbageError, match=reason):
        box.read(file)


def test_a_letter_under_another_secret_is_garbage(tmp_path: Path):
    mailbox(tmp_path).put("a", LETTER)
    other = mailbox(tmp_path, "whsec_YmV0YS10ZXN0LW9wZXJhdG9yLXNpZ25pbmcta2V5")
    with pytest.raises(GarbageError, match="not signed by the agreement's secret"):
        other.read(other.waiting()[0])


def test_a_file_set_aside_keeps_its_content_and_has_the_reason_beside_it(tmp_path: Path):
    box = mailbox(tmp_path)
    file = tmp_path / "box" / "a.jsonl"
    file.write_text("{")
    box.set_aside(file, "line 1 is not JSON")
    assert box.waiting() == []
    kept = {each.name: each.read_text() for each in (tmp_path / "aside").iterdir()}
    assert kept == {"a.jsonl": "{", "a.jsonl.reason.txt": "line 1 is not JSON\n"}
