"""SMPP codes, those that 5.0 adds to 3.4 included: each code, its name and its meaning on one line.

Codes that are not listed here stay plain integers everywhere, so that vendors' own values survive.
"""

from enum import IntEnum, IntFlag
from typing import Final, NamedTuple, Self

INTERFACE_VERSION: Final = 0x34
"""The version of the protocol that is spoken unless a bind says otherwise (5.2.4)."""
VERSION_5_0: Final = 0x50
"""The highest version spoken here."""
VERSION_3_3: Final = 0x33
"""What every lower version is treated as: no optional parameters, and a message_id of eight octets at most (3.4)."""
RESPONSE_BIT: Final = 0x80000000
"""Set in the command_id of every response (5.1.2.1)."""
MAX_SEQUENCE_NUMBER: Final = 0x7FFFFFFF
"""The highest number that a sender gives its own requests (5.1.4)."""
MAX_SM_LENGTH: Final = 254
"""The longest short_message of SMPP 3.4, where 255 is not allowed (5.2.21)."""
MAX_SM_LENGTH_5_0: Final = 255
"""The longest short_message of SMPP 5.0."""
MAX_PRIORITY: Final = 3
"""The highest priority_flag (5.2.14); 5.0 has a fourth level for one network, which nobody needs here."""
RESERVED_DEFAULT_MSG_ID: Final = 255
"""The sm_default_msg_id that stands for no predefined message (5.2.20)."""


class _Code(IntEnum):
    """An integer with its meaning beside it."""

    meaning: str

    def __new__(cls, code: int, meaning: str = "") -> Self:
        member = int.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member


class CommandId(_Code):
    """Operations (5.1.2.1). A response has the id of its request with RESPONSE_BIT set."""

    BIND_RECEIVER = 0x00000001, "open a session that receives messages"
    BIND_TRANSMITTER = 0x00000002, "open a session that submits messages"
    QUERY_SM = 0x00000003, "ask for the state of a message"
    SUBMIT_SM = 0x00000004, "submit a message"
    DELIVER_SM = 0x00000005, "deliver a message or a receipt"
    UNBIND = 0x00000006, "end the session"
    REPLACE_SM = 0x00000007, "replace a message that is still pending"
    CANCEL_SM = 0x00000008, "cancel messages that are still pending"
    BIND_TRANSCEIVER = 0x00000009, "open a session that does both"
    OUTBIND = 0x0000000B, "ask the ESME to bind as a receiver"
    ENQUIRE_LINK = 0x00000015, "ask whether the peer is there"
    SUBMIT_MULTI = 0x00000021, "submit a message to several destinations"
    ALERT_NOTIFICATION = 0x00000102, "tell that a subscriber can be reached again"
    DATA_SM = 0x00000103, "transfer a message in either direction"
    BROADCAST_SM = 0x00000111, "submit a message for broadcast to an area (5.0)"
    QUERY_BROADCAST_SM = 0x00000112, "ask for the state of a broadcast (5.0)"
    CANCEL_BROADCAST_SM = 0x00000113, "cancel a broadcast (5.0)"
    GENERIC_NACK = 0x80000000, "refuse what could not be understood"
    BIND_RECEIVER_RESP = 0x80000001, "answer to bind_receiver"
    BIND_TRANSMITTER_RESP = 0x80000002, "answer to bind_transmitter"
    QUERY_SM_RESP = 0x80000003, "answer to query_sm"
    SUBMIT_SM_RESP = 0x80000004, "answer to submit_sm"
    DELIVER_SM_RESP = 0x80000005, "answer to deliver_sm"
    UNBIND_RESP = 0x80000006, "answer to unbind"
    REPLACE_SM_RESP = 0x80000007, "answer to replace_sm"
    CANCEL_SM_RESP = 0x80000008, "answer to cancel_sm"
    BIND_TRANSCEIVER_RESP = 0x80000009, "answer to bind_transceiver"
    ENQUIRE_LINK_RESP = 0x80000015, "answer to enquire_link"
    SUBMIT_MULTI_RESP = 0x80000021, "answer to submit_multi"
    DATA_SM_RESP = 0x80000103, "answer to data_sm"
    BROADCAST_SM_RESP = 0x80000111, "answer to broadcast_sm"
    QUERY_BROADCAST_SM_RESP = 0x80000112, "answer to query_broadcast_sm"
    CANCEL_BROADCAST_SM_RESP = 0x80000113, "answer to cancel_broadcast_sm"


class CommandStatus(_Code):
    """Outcomes of a request (Table 5-2; from 0x100, SMPP 5.0)."""

    ESME_ROK = 0x00, "no error"
    ESME_RINVMSGLEN = 0x01, "message length is invalid"
    ESME_RINVCMDLEN = 0x02, "command length is invalid"
    ESME_RINVCMDID = 0x03, "invalid command id"
    ESME_RINVBNDSTS = 0x04, "incorrect bind status for the command"
    ESME_RALYBND = 0x05, "ESME already in bound state"
    ESME_RINVPRTFLG = 0x06, "invalid priority flag"
    ESME_RINVREGDLVFLG = 0x07, "invalid registered delivery flag"
    ESME_RSYSERR = 0x08, "system error"
    ESME_RINVSRCADR = 0x0A, "invalid source address"
    ESME_RINVDSTADR = 0x0B, "invalid destination address"
    ESME_RINVMSGID = 0x0C, "message id is invalid"
    ESME_RBINDFAIL = 0x0D, "bind failed"
    ESME_RINVPASWD = 0x0E, "invalid password"
    ESME_RINVSYSID = 0x0F, "invalid system id"
    ESME_RCANCELFAIL = 0x11, "cancel_sm failed"
    ESME_RREPLACEFAIL = 0x13, "replace_sm failed"
    ESME_RMSGQFUL = 0x14, "message queue full"
    ESME_RINVSERTYP = 0x15, "invalid service type"
    ESME_RINVNUMDESTS = 0x33, "invalid number of destinations"
    ESME_RINVDLNAME = 0x34, "invalid distribution list name"
    ESME_RINVDESTFLAG = 0x40, "destination flag is invalid"
    ESME_RINVSUBREP = 0x42, "invalid submit with replace request"
    ESME_RINVESMCLASS = 0x43, "invalid esm_class"
    ESME_RCNTSUBDL = 0x44, "cannot submit to the distribution list"
    ESME_RSUBMITFAIL = 0x45, "submit_sm or submit_multi failed"
    ESME_RINVSRCTON = 0x48, "invalid source address TON"
    ESME_RINVSRCNPI = 0x49, "invalid source address NPI"
    ESME_RINVDSTTON = 0x50, "invalid destination address TON"
    ESME_RINVDSTNPI = 0x51, "invalid destination address NPI"
    ESME_RINVSYSTYP = 0x53, "invalid system_type"
    ESME_RINVREPFLAG = 0x54, "invalid replace_if_present flag"
    ESME_RINVNUMMSGS = 0x55, "invalid number of messages"
    ESME_RTHROTTLED = 0x58, "throttling error: the ESME has exceeded its limits"
    ESME_RINVSCHED = 0x61, "invalid scheduled delivery time"
    ESME_RINVEXPIRY = 0x62, "invalid validity period"
    ESME_RINVDFTMSGID = 0x63, "predefined message invalid or not found"
    ESME_RX_T_APPN = 0x64, "ESME receiver: temporary application error"
    ESME_RX_P_APPN = 0x65, "ESME receiver: permanent application error"
    ESME_RX_R_APPN = 0x66, "ESME receiver: message rejected"
    ESME_RQUERYFAIL = 0x67, "query_sm failed"
    ESME_RINVOPTPARSTREAM = 0xC0, "error in the optional part of the PDU"
    ESME_ROPTPARNOTALLWD = 0xC1, "optional parameter not allowed"
    ESME_RINVPARLEN = 0xC2, "invalid parameter length"
    ESME_RMISSINGOPTPARAM = 0xC3, "expected optional parameter missing"
    ESME_RINVOPTPARAMVAL = 0xC4, "invalid optional parameter value"
    ESME_RDELIVERYFAILURE = 0xFE, "delivery failure"
    ESME_RUNKNOWNERR = 0xFF, "unknown error"
    ESME_RSERTYPUNAUTH = 0x100, "not authorised to use the service type"
    ESME_RPROHIBITED = 0x101, "not authorised to use the operation"
    ESME_RSERTYPUNAVAIL = 0x102, "service type unavailable"
    ESME_RSERTYPDENIED = 0x103, "service type denied"
    ESME_RINVDCS = 0x104, "invalid data_coding"
    ESME_RINVSRCADDRSUBUNIT = 0x105, "invalid source address subunit"
    ESME_RINVDSTADDRSUBUNIT = 0x106, "invalid destination address subunit"
    ESME_RINVBCASTFREQINT = 0x107, "invalid broadcast frequency interval"
    ESME_RINVBCASTALIAS_NAME = 0x108, "invalid broadcast alias name"
    ESME_RINVBCASTAREAFMT = 0x109, "invalid broadcast area format"
    ESME_RINVNUMBCAST_AREAS = 0x10A, "invalid number of broadcast areas"
    ESME_RINVBCASTCNTTYPE = 0x10B, "invalid broadcast content type"
    ESME_RINVBCASTMSGCLASS = 0x10C, "invalid broadcast message class"
    ESME_RBCASTFAIL = 0x10D, "broadcast_sm failed"
    ESME_RBCASTQUERYFAIL = 0x10E, "query_broadcast_sm failed"
    ESME_RBCASTCANCELFAIL = 0x10F, "cancel_broadcast_sm failed"
    ESME_RINVBCAST_REP = 0x110, "invalid number of repeated broadcasts"
    ESME_RINVBCASTSRVGRP = 0x111, "invalid broadcast service group"
    ESME_RINVBCASTCHANIND = 0x112, "invalid broadcast channel indicator"


class Ton(_Code):
    """Types of number (5.2.5)."""

    UNKNOWN = 0, "unknown"
    INTERNATIONAL = 1, "international"
    NATIONAL = 2, "national"
    NETWORK_SPECIFIC = 3, "network specific"
    SUBSCRIBER_NUMBER = 4, "subscriber number"
    ALPHANUMERIC = 5, "alphanumeric"
    ABBREVIATED = 6, "abbreviated"


class Npi(_Code):
    """Numbering plans (5.2.6)."""

    UNKNOWN = 0, "unknown"
    ISDN = 1, "ISDN (E.163, E.164)"
    DATA = 3, "data (X.121)"
    TELEX = 4, "telex (F.69)"
    LAND_MOBILE = 6, "land mobile (E.212)"
    NATIONAL = 8, "national"
    PRIVATE = 9, "private"
    ERMES = 10, "ERMES"
    INTERNET = 14, "internet (IP)"
    WAP_CLIENT_ID = 18, "WAP client id"


class MessageState(_Code):
    """States of a message (5.2.28); SCHEDULED and SKIPPED came with SMPP 5.0."""

    SCHEDULED = 0, "waits for its time of delivery (5.0)"
    ENROUTE = 1, "in the network"
    DELIVERED = 2, "delivered to the destination"
    EXPIRED = 3, "its validity period is over"
    DELETED = 4, "deleted"
    UNDELIVERABLE = 5, "cannot be delivered"
    ACCEPTED = 6, "accepted on the subscriber's behalf"
    UNKNOWN = 7, "in an invalid state"
    REJECTED = 8, "rejected"
    SKIPPED = 9, "left out on purpose (5.0)"


class DataCoding(_Code):
    """Alphabets of a message (5.2.19). Values with a message class (0x10-0x1F, 0xF0-0xFF) follow GSM 03.38."""

    DEFAULT = 0x00, "SMSC default alphabet"
    IA5 = 0x01, "IA5 (CCITT T.50), ASCII"
    OCTETS_TDMA = 0x02, "octets, unspecified (TDMA)"
    LATIN_1 = 0x03, "Latin-1 (ISO-8859-1)"
    OCTETS = 0x04, "octets, unspecified (8-bit binary)"
    JIS = 0x05, "JIS (X 0208-1990)"
    CYRILLIC = 0x06, "Latin/Cyrillic (ISO-8859-5)"
    HEBREW = 0x07, "Latin/Hebrew (ISO-8859-8)"
    UCS2 = 0x08, "UCS-2 (ISO/IEC-10646)"
    PICTOGRAM = 0x09, "pictogram encoding"
    ISO_2022_JP = 0x0A, "ISO-2022-JP (music codes)"
    EXTENDED_KANJI = 0x0D, "extended Kanji JIS (X 0212-1990)"
    KS_C_5601 = 0x0E, "KS C 5601"


class EsmClass(IntFlag):
    """Bits of esm_class (5.2.12)."""

    DATAGRAM = 0x01
    TRANSACTION = 0x02
    STORE_AND_FORWARD = 0x03
    DELIVERY_RECEIPT = 0x04
    DELIVERY_ACKNOWLEDGEMENT = 0x08
    USER_ACKNOWLEDGEMENT = 0x10
    INTERMEDIATE_NOTIFICATION = 0x20
    UDHI = 0x40
    REPLY_PATH = 0x80


class RegisteredDelivery(IntFlag):
    """Bits of registered_delivery (5.2.17): test them one by one, never the whole value."""

    FINAL = 0x01
    FAILURE_ONLY = 0x02
    DELIVERY_ACKNOWLEDGEMENT = 0x04
    USER_ACKNOWLEDGEMENT = 0x08
    INTERMEDIATE = 0x10


class Tag(_Code):
    """Optional parameters (5.3.2), those of SMPP 5.0 included; their sizes are in TLV_SIZES."""

    DEST_ADDR_SUBUNIT = 0x0005, "subunit of the destination"
    DEST_NETWORK_TYPE = 0x0006, "network of the destination"
    DEST_BEARER_TYPE = 0x0007, "bearer of the destination"
    DEST_TELEMATICS_ID = 0x0008, "telematic interworking at the destination"
    SOURCE_ADDR_SUBUNIT = 0x000D, "subunit of the source"
    SOURCE_NETWORK_TYPE = 0x000E, "network of the source"
    SOURCE_BEARER_TYPE = 0x000F, "bearer of the source"
    SOURCE_TELEMATICS_ID = 0x0010, "telematic interworking at the source"
    QOS_TIME_TO_LIVE = 0x0017, "seconds that the message is kept"
    PAYLOAD_TYPE = 0x0019, "kind of the payload"
    ADDITIONAL_STATUS_INFO_TEXT = 0x001D, "text that explains the status"
    RECEIPTED_MESSAGE_ID = 0x001E, "message_id that a receipt is about"
    MS_MSG_WAIT_FACILITIES = 0x0030, "message waiting indication"
    PRIVACY_INDICATOR = 0x0201, "privacy of the message"
    SOURCE_SUBADDRESS = 0x0202, "subaddress of the source"
    DEST_SUBADDRESS = 0x0203, "subaddress of the destination"
    USER_MESSAGE_REFERENCE = 0x0204, "the ESME's reference number"
    USER_RESPONSE_CODE = 0x0205, "the user's response code"
    SOURCE_PORT = 0x020A, "application port of the source"
    DESTINATION_PORT = 0x020B, "application port of the destination"
    SAR_MSG_REF_NUM = 0x020C, "reference number of a segmented message"
    LANGUAGE_INDICATOR = 0x020D, "language of the message"
    SAR_TOTAL_SEGMENTS = 0x020E, "number of segments"
    SAR_SEGMENT_SEQNUM = 0x020F, "number of this segment, from 1"
    SC_INTERFACE_VERSION = 0x0210, "SMPP version of the SMSC"
    CALLBACK_NUM_PRES_IND = 0x0302, "presentation of the callback number"
    CALLBACK_NUM_ATAG = 0x0303, "display text of the callback number"
    NUMBER_OF_MESSAGES = 0x0304, "number of messages in the mailbox"
    CALLBACK_NUM = 0x0381, "callback number; may be repeated"
    DPF_RESULT = 0x0420, "whether the delivery pending flag was set"
    SET_DPF = 0x0421, "whether to set the delivery pending flag"
    MS_AVAILABILITY_STATUS = 0x0422, "availability of the subscriber"
    NETWORK_ERROR_CODE = 0x0423, "error code of the network"
    MESSAGE_PAYLOAD = 0x0424, "message text of up to 64 KiB"
    DELIVERY_FAILURE_REASON = 0x0425, "reason of a failed delivery"
    MORE_MESSAGES_TO_SEND = 0x0426, "whether more messages follow"
    MESSAGE_STATE = 0x0427, "state of the message that a receipt is about"
    CONGESTION_STATE = 0x0428, "load of the sender of a response, 0 to 100 (5.0)"
    USSD_SERVICE_OP = 0x0501, "USSD operation"
    BROADCAST_CHANNEL_INDICATOR = 0x0600, "basic or extended broadcast channel (5.0)"
    BROADCAST_CONTENT_TYPE = 0x0601, "kind of content and network of a broadcast (5.0)"
    BROADCAST_CONTENT_TYPE_INFO = 0x0602, "more about the kind of content (5.0)"
    BROADCAST_MESSAGE_CLASS = 0x0603, "message class of a broadcast (5.0)"
    BROADCAST_REP_NUM = 0x0604, "how many times to broadcast (5.0)"
    BROADCAST_FREQUENCY_INTERVAL = 0x0605, "time between two broadcasts (5.0)"
    BROADCAST_AREA_IDENTIFIER = 0x0606, "area of a broadcast; may be repeated (5.0)"
    BROADCAST_ERROR_STATUS = 0x0607, "why an area was not accepted (5.0)"
    BROADCAST_AREA_SUCCESS = 0x0608, "percentage of an area that was reached (5.0)"
    BROADCAST_END_TIME = 0x0609, "when the last broadcast ended (5.0)"
    BROADCAST_SERVICE_GROUP = 0x060A, "target group of a broadcast (5.0)"
    BILLING_IDENTIFICATION = 0x060B, "billing information (5.0)"
    SOURCE_NETWORK_ID = 0x060D, "network of the source (5.0)"
    DEST_NETWORK_ID = 0x060E, "network of the destination (5.0)"
    SOURCE_NODE_ID = 0x060F, "node of the source (5.0)"
    DEST_NODE_ID = 0x0610, "node of the destination (5.0)"
    DEST_ADDR_NP_RESOLUTION = 0x0611, "whether number portability was looked up (5.0)"
    DEST_ADDR_NP_INFORMATION = 0x0612, "number portability of the destination (5.0)"
    DEST_ADDR_NP_COUNTRY = 0x0613, "country code of a ported number (5.0)"
    DISPLAY_TIME = 0x1201, "how to show the message"
    SMS_SIGNAL = 0x1203, "alert tone"
    MS_VALIDITY = 0x1204, "validity at the handset"
    ALERT_ON_MESSAGE_DELIVERY = 0x130C, "alert the user on delivery"
    ITS_REPLY_TYPE = 0x1380, "reply method of an interactive session"
    ITS_SESSION_INFO = 0x1383, "control of an interactive session"


class Size(NamedTuple):
    """The fewest and the most octets of a value."""

    least: int
    most: int


_ONE, _TWO, _THREE = Size(1, 1), Size(2, 2), Size(3, 3)

TLV_SIZES: Final[dict[int, Size]] = {
    **dict.fromkeys(Tag, _ONE),
    Tag.DEST_TELEMATICS_ID: _TWO,
    Tag.QOS_TIME_TO_LIVE: Size(4, 4),
    Tag.ADDITIONAL_STATUS_INFO_TEXT: Size(1, 256),
    Tag.RECEIPTED_MESSAGE_ID: Size(1, 65),
    Tag.SOURCE_SUBADDRESS: Size(2, 23),
    Tag.DEST_SUBADDRESS: Size(2, 23),
    Tag.USER_MESSAGE_REFERENCE: _TWO,
    Tag.SOURCE_PORT: _TWO,
    Tag.DESTINATION_PORT: _TWO,
    Tag.SAR_MSG_REF_NUM: _TWO,
    Tag.CALLBACK_NUM_ATAG: Size(0, 65),
    Tag.CALLBACK_NUM: Size(4, 19),
    Tag.NETWORK_ERROR_CODE: _THREE,
    Tag.MESSAGE_PAYLOAD: Size(0, 0xFFFF),
    Tag.SMS_SIGNAL: _TWO,
    Tag.BROADCAST_CONTENT_TYPE: _THREE,
    Tag.BROADCAST_CONTENT_TYPE_INFO: Size(1, 255),
    Tag.BROADCAST_REP_NUM: _TWO,
    Tag.BROADCAST_FREQUENCY_INTERVAL: _THREE,
    Tag.BROADCAST_AREA_IDENTIFIER: Size(1, 101),
    Tag.BROADCAST_ERROR_STATUS: Size(4, 4),
    Tag.BROADCAST_END_TIME: Size(16, 17),
    Tag.BROADCAST_SERVICE_GROUP: Size(1, 255),
    Tag.BILLING_IDENTIFICATION: Size(1, 1024),
    Tag.SOURCE_NETWORK_ID: Size(7, 65),
    Tag.DEST_NETWORK_ID: Size(7, 65),
    Tag.SOURCE_NODE_ID: Size(6, 6),
    Tag.DEST_NODE_ID: Size(6, 6),
    Tag.DEST_ADDR_NP_INFORMATION: Size(10, 10),
    Tag.DEST_ADDR_NP_COUNTRY: Size(1, 5),
    Tag.ALERT_ON_MESSAGE_DELIVERY: Size(0, 0),
    Tag.ITS_SESSION_INFO: _TWO,
}
"""Sizes of the optional parameters' values (5.3.2)."""


def status_name(status: int) -> str:
    """Return a status's name, such as ESME_RTHROTTLED; one that is not in Table 5-2 comes back in hexadecimal."""
    return _name(CommandStatus, status)


def command_name(command_id: int) -> str:
    """Return an operation's name as the standard writes it, such as submit_sm; an unknown one in hexadecimal."""
    return _name(CommandId, command_id).lower()


def tag_name(tag: int) -> str:
    """Return an optional parameter's name as the standard writes it; an unknown one in hexadecimal."""
    return _name(Tag, tag).lower()


def _name(codes: type[_Code], code: int) -> str:
    try:
        return codes(code).name
    except ValueError:
        return f"0x{code:08x}"
