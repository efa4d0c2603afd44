"""What all PDUs share, and the sets of optional parameters that several of them list."""

from dataclasses import dataclass, field
from typing import ClassVar, Final, NamedTuple

from smsc_emulator.smpp.constants import Tag


class Tlv(NamedTuple):
    """An optional parameter: tag, length (that of the value) and value (3.2.4.1)."""

    tag: int
    value: bytes


@dataclass(slots=True)
class Pdu:
    """What all PDUs share. Requests have command_status 0; the session gives out the sequence_number."""

    command_id: ClassVar[int]
    optional: ClassVar[frozenset[int]] = frozenset()
    """Optional parameters that the operation's definition lists."""
    bare_on_error: ClassVar[bool] = False
    """Whether a response that tells an error is sent without its body."""

    command_status: int = field(default=0, kw_only=True)
    sequence_number: int = field(default=0, kw_only=True)
    tlvs: list[Tlv] = field(default_factory=list, kw_only=True)

    def tlv(self, tag: int) -> bytes | None:
        """Return the value of the first optional parameter with `tag`, or None."""
        for tlv in self.tlvs:
            if tlv.tag == tag:
                return tlv.value
        return None


@dataclass(slots=True)
class UnknownPdu(Pdu):
    """An operation that is not in the table, kept as it came."""

    command_id: int  # type: ignore[misc]  # the one kind whose id is each PDU's own
    body: bytes = b""


MESSAGE_TLVS: Final[frozenset[int]] = frozenset(
    {
        Tag.USER_MESSAGE_REFERENCE,
        Tag.SOURCE_PORT,
        Tag.DESTINATION_PORT,
        Tag.SAR_MSG_REF_NUM,
        Tag.SAR_TOTAL_SEGMENTS,
        Tag.SAR_SEGMENT_SEQNUM,
        Tag.PAYLOAD_TYPE,
        Tag.MESSAGE_PAYLOAD,
        Tag.PRIVACY_INDICATOR,
        Tag.CALLBACK_NUM,
        Tag.SOURCE_SUBADDRESS,
        Tag.DEST_SUBADDRESS,
        Tag.LANGUAGE_INDICATOR,
    }
)
"""Of submit_sm, submit_multi, deliver_sm and data_sm alike."""
MULTI_TLVS: Final[frozenset[int]] = MESSAGE_TLVS | {
    Tag.SOURCE_ADDR_SUBUNIT,
    Tag.DEST_ADDR_SUBUNIT,
    Tag.CALLBACK_NUM_PRES_IND,
    Tag.CALLBACK_NUM_ATAG,
    Tag.DISPLAY_TIME,
    Tag.SMS_SIGNAL,
    Tag.MS_VALIDITY,
    Tag.MS_MSG_WAIT_FACILITIES,
    Tag.ALERT_ON_MESSAGE_DELIVERY,
}
"""Of submit_multi (4.5.1)."""
INTERACTIVE_TLVS: Final[frozenset[int]] = frozenset({Tag.NUMBER_OF_MESSAGES, Tag.ITS_REPLY_TYPE, Tag.ITS_SESSION_INFO})
"""Of submit_sm, deliver_sm and data_sm, for interactive teleservices."""
SUBMIT_TLVS: Final[frozenset[int]] = (
    MULTI_TLVS | INTERACTIVE_TLVS | {Tag.MORE_MESSAGES_TO_SEND, Tag.USER_RESPONSE_CODE, Tag.USSD_SERVICE_OP}
)
"""Of submit_sm (4.4.1)."""
RECEIPT_TLVS: Final[frozenset[int]] = frozenset({Tag.NETWORK_ERROR_CODE, Tag.MESSAGE_STATE, Tag.RECEIPTED_MESSAGE_ID})
"""What makes a deliver_sm or data_sm a receipt."""
BEARER_TLVS: Final[frozenset[int]] = frozenset(
    {
        Tag.SOURCE_NETWORK_TYPE,
        Tag.SOURCE_BEARER_TYPE,
        Tag.SOURCE_TELEMATICS_ID,
        Tag.DEST_NETWORK_TYPE,
        Tag.DEST_BEARER_TYPE,
        Tag.DEST_TELEMATICS_ID,
        Tag.QOS_TIME_TO_LIVE,
        Tag.SET_DPF,
    }
)
"""Of data_sm alone (4.7.1)."""
ADDRESSING_TLVS: Final[frozenset[int]] = frozenset(
    {
        Tag.BILLING_IDENTIFICATION,
        Tag.SOURCE_NETWORK_ID,
        Tag.DEST_NETWORK_ID,
        Tag.SOURCE_NODE_ID,
        Tag.DEST_NODE_ID,
        Tag.DEST_ADDR_NP_RESOLUTION,
        Tag.DEST_ADDR_NP_INFORMATION,
        Tag.DEST_ADDR_NP_COUNTRY,
    }
)
"""Of all message operations of SMPP 5.0."""
BROADCAST_TLVS: Final[frozenset[int]] = frozenset(
    {
        Tag.BROADCAST_AREA_IDENTIFIER,
        Tag.BROADCAST_CONTENT_TYPE,
        Tag.BROADCAST_REP_NUM,
        Tag.BROADCAST_FREQUENCY_INTERVAL,
        Tag.BROADCAST_CHANNEL_INDICATOR,
        Tag.BROADCAST_CONTENT_TYPE_INFO,
        Tag.BROADCAST_MESSAGE_CLASS,
        Tag.BROADCAST_SERVICE_GROUP,
        Tag.ALERT_ON_MESSAGE_DELIVERY,
        Tag.CALLBACK_NUM,
        Tag.CALLBACK_NUM_ATAG,
        Tag.CALLBACK_NUM_PRES_IND,
        Tag.DEST_ADDR_SUBUNIT,
        Tag.DEST_SUBADDRESS,
        Tag.DESTINATION_PORT,
        Tag.DISPLAY_TIME,
        Tag.LANGUAGE_INDICATOR,
        Tag.MESSAGE_PAYLOAD,
        Tag.MS_VALIDITY,
        Tag.PAYLOAD_TYPE,
        Tag.PRIVACY_INDICATOR,
        Tag.SMS_SIGNAL,
        Tag.SOURCE_ADDR_SUBUNIT,
        Tag.SOURCE_PORT,
        Tag.SOURCE_SUBADDRESS,
        Tag.USER_MESSAGE_REFERENCE,
    }
)
"""Of broadcast_sm (5.0); the first four must be there."""
