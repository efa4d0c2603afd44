import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from gateway.logs import QUIET, configure, mask
from gateway.settings import LogSettings


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers, root.level = handlers, level
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.NOTSET)
    structlog.reset_defaults()


def masked(**event: Any) -> dict[str, Any]:
    return dict(mask(None, "info", event))


def test_numbers_keep_their_beginning_and_their_last_two_digits() -> None:
    assert masked(phone_number="+70000000001", to="70000000001") == {
        "phone_number": "+7000*****01",
        "to": "+7000*****01",
    }


def test_what_is_no_number_under_a_number_key_is_shown() -> None:
    assert masked(subject="cnf_0123456789", to="1234", sender="confirmlab") == {
        "subject": "cnf_0123456789",
        "to": "1234",
        "sender": "confirmlab",
    }


@pytest.mark.parametrize("key", ["code", "text", "short_message", "password", "secret", "Authorization", "key"])
def test_codes_texts_and_keys_never_show(key: str) -> None:
    assert masked(**{key: "481516"}) == {key: "***"}


def test_masking_reaches_into_mappings_and_lists() -> None:
    event = masked(
        data={"confirmation": {"phone_number": "+70000000001"}, "sent": [{"code": "481516"}]}, to=["+9990001"]
    )
    assert event == {
        "data": {"confirmation": {"phone_number": "+7000*****01"}, "sent": [{"code": "***"}]},
        "to": ["+9990*01"],
    }


def test_json_lines_hold_the_masked_event() -> None:
    stream = io.StringIO()
    configure(LogSettings(format="json"), stream)
    structlog.get_logger("confirmlab").info("code sent", phone_number="+70000000001", code="481516")
    line = json.loads(stream.getvalue())
    assert (line["event"], line["phone_number"], line["code"]) == ("code sent", "+7000*****01", "***")


def test_lines_of_libraries_come_out_in_the_same_form() -> None:
    stream = io.StringIO()
    configure(LogSettings(format="json"), stream)
    logging.getLogger("aiohttp.server").warning("odd request")
    line = json.loads(stream.getvalue())
    assert (line["event"], line["level"], line["logger"]) == ("odd request", "warning", "aiohttp.server")


@pytest.mark.parametrize(("level", "seen"), [("info", False), ("debug", True)])
def test_the_workings_of_libraries_show_only_in_debug(level: Any, seen: bool) -> None:
    stream = io.StringIO()
    configure(LogSettings(level=level), stream)
    logging.getLogger("alembic.runtime.migration").info("Running upgrade")
    assert ("Running upgrade" in stream.getvalue()) is seen


def test_console_lines_are_for_people_and_the_level_is_kept() -> None:
    stream = io.StringIO()
    configure(LogSettings(level="warning"), stream)
    structlog.get_logger("confirmlab").info("unseen")
    structlog.get_logger("confirmlab").warning("link down", system_id="gateway")
    assert "unseen" not in stream.getvalue()
    assert "link down" in stream.getvalue()
    assert "system_id=gateway" in stream.getvalue()


def test_a_traceback_does_not_print_the_values_of_variables() -> None:
    stream = io.StringIO()
    configure(LogSettings(), stream)
    code = "48" + "1516"
    try:
        raise ValueError(f"refused after {len(code)} digits")
    except ValueError:
        structlog.get_logger("confirmlab").exception("failed")
    assert "refused after 6 digits" in stream.getvalue()
    assert "481516" not in stream.getvalue()


@pytest.mark.parametrize("form", ["json", "console"])
def test_numbers_in_addresses_sentences_and_tracebacks_are_masked_too(form: Any) -> None:
    stream = io.StringIO()
    configure(LogSettings(format=form), stream)
    path = "/lab/handsets/+70000000001/messages"
    try:
        raise ValueError("there is no handset %2B70000000002, and none is +70000000003")
    except ValueError:
        structlog.get_logger("confirmlab").exception("request failed", path=path, offset="+03:00")
    written = stream.getvalue()
    assert not [number for number in ("70000000001", "70000000002", "70000000003") if number in written]
    assert "/lab/handsets/+7000*****01/messages" in written
    assert "%2B7000*****02" in written
    assert "+03:00" in written
