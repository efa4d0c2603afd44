"""smpplib: a blocking client."""

from common import CODE, NUMBER, PASSWORD, PORT, SENDER, SYSTEM_ID, TEXTS, compare, send_soon, tell
from smpplib import consts, exceptions, gsm, smpp
from smpplib.client import Client


def connected() -> Client:
    client = Client("127.0.0.1", PORT, allow_unknown_opt_params=True, timeout=10)
    client.connect()
    return client


def refused() -> None:
    client = connected()
    try:
        client.bind_transceiver(system_id=SYSTEM_ID, password="wrong")
    except exceptions.PDUError as error:
        tell("wrong password", "refused" if error.args[1] == consts.SMPP_ESME_RINVPASWD else f"no: {error}")
    client.disconnect()


def bind(kind: str) -> Client:
    client = connected()
    getattr(client, f"bind_{kind}")(system_id=SYSTEM_ID, password=PASSWORD)
    tell(f"bind_{kind}")
    return client


def submit(client: Client, text: str) -> int:
    parts, data_coding, esm_class = gsm.make_parts(text)
    for part in parts:
        client.send_message(
            source_addr_ton=consts.SMPP_TON_ALNUM,
            source_addr=SENDER,
            dest_addr_ton=consts.SMPP_TON_INTL,
            dest_addr_npi=consts.SMPP_NPI_ISDN,
            destination_addr=NUMBER,
            short_message=part,
            data_coding=data_coding,
            esm_class=esm_class,
            registered_delivery=True,
        )
    return len(parts)


def main() -> None:
    refused()
    for kind in ("transmitter", "receiver"):
        client = bind(kind)
        client.unbind()
        client.disconnect()
    client = bind("transceiver")
    submitted: list[str] = []
    delivered: list[object] = []
    answers: list[object] = []
    client.set_message_sent_handler(lambda pdu: submitted.append(pdu.message_id.decode()))
    client.set_message_received_handler(lambda pdu: delivered.append(pdu))  # noqa: PLW0108 - called by keyword
    client.set_query_resp_handler(lambda pdu: answers.append(pdu))  # noqa: PLW0108 - called by keyword
    for name, text in TEXTS.items():
        before = len(submitted)
        parts = submit(client, text)
        while len(submitted) < before + parts:
            client.read_once()
        tell(f"submit_sm: {name}")
    while len(delivered) < len(submitted):
        client.read_once()
    compare("delivery receipts", (pdu.receipted_message_id.decode() for pdu in delivered), submitted)
    delivered.clear()
    send_soon(TEXTS["Latin"])
    while not delivered:
        client.read_once()
    pdu = delivered[0]
    compare("mobile-originated", [pdu.destination_addr.decode(), pdu.short_message.decode()], [CODE, TEXTS["Latin"]])
    answers.clear()
    client.send_pdu(smpp.make_pdu("enquire_link", client=client))
    client.read_once()
    tell("enquire_link")
    client.query_message(
        message_id=submitted[0], source_addr_ton=consts.SMPP_TON_ALNUM, source_addr_npi=0, source_addr=SENDER
    )
    try:
        client.read_once()
        tell("query_sm", "yes" if answers and answers[0].message_state == 2 else "no")
    except exceptions.PDUError as error:
        tell("query_sm", f"refused with 0x{error.args[1]:08x}")
    client.unbind()
    tell("unbind")
    client.disconnect()


main()
