"""The whole configuration, joined from the sections that each part declares."""

from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import AwareDatetime, BeforeValidator, Field, model_validator

from confirm.settings import ConfirmationSettings
from gateway.identification.profiles import Plan
from gateway.identification.settings import ReconciliationSettings
from gateway.services.settings import BroadcastSettings, ServiceSettings
from gateway.webhooks.settings import WebhookSettings
from smsc_emulator.base.config import Duration, Section, absent
from smsc_emulator.base.durations import instant
from smsc_emulator.base.msisdn import DialPlan
from smsc_emulator.core.settings import HandsetSettings, SmscSettings
from smsc_emulator.operator.settings import OperatorSettings, RangeSettings, SubscriberSettings
from smsc_emulator.sip.digest import Credentials
from smsc_emulator.voice.settings import VoiceSettings

T = TypeVar("T")


class ServerSettings(Section):
    """Where the lab listens and where it keeps its state."""

    host: str = "127.0.0.1"
    """The address to listen on."""
    smpp_port: int = Field(2775, ge=0, le=65535)
    """SMPP port of the SMSC; 0 takes a free one."""
    http_port: int = Field(8080, ge=0, le=65535)
    """HTTP port; 0 takes a free one."""
    sip_port: int = Field(5060, ge=0, le=65535)
    """SIP port of the voice switch, for UDP and TCP; 0 takes a free one."""
    data: Path = Path(".confirmlab")
    """Folder of the database, the keys and ports.json."""
    database: str | None = Field(None, pattern=r"^postgres(ql)?://")
    """URL of a PostgreSQL database; without it, SQLite in the data folder."""
    pcap: Path | None = None
    """File to write a capture of all SMPP and SIP to; it holds texts and codes in clear."""
    lab_token: str | None = Field(None, min_length=16, max_length=256, pattern=r"^[!-~]+$")
    """What the page and the routes under /lab ask for; without it, nothing on a loopback address, and beyond it a token
    that is made at the first start."""
    allowed_hosts: list[str] = []
    """More names under which the page and the routes under /lab are reached, besides loopback and `host`."""


class LabSettings(Section):
    """The powers that only a lab has."""

    enabled: bool = True
    """Whether the operator's side and the routes under /lab are there at all."""
    paused_clock: bool = False
    """Whether the lab clock stands still until it is turned."""
    seed: str | None = None
    """Makes codes and ids repeat from run to run; without it they are unpredictable."""


class PageSettings(Section):
    """The page at /."""

    reveal: bool = False
    """Whether codes and texts are shown at once; if not, each behind a click."""


class LogSettings(Section):
    """What the process tells about itself, on standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """The least important lines that are written."""
    format: Literal["console", "json"] = "console"
    """Lines for people, or one JSON object a line."""


class SmscLinkSettings(Section):
    """The gateway's own bind to an SMSC."""

    host: str | None = None
    """The SMSC's address; without it, the lab's own SMSC."""
    port: int = Field(2775, ge=1, le=65535)
    """The SMSC's port, where `host` is given."""
    system_id: str = Field("gateway", max_length=15)
    """The account to bind with; the lab's own SMSC always knows it."""
    password: str = "gateway"  # noqa: S105 - the lab's known password, replaced where `host` is a real SMSC
    """The account's password."""
    window: int = Field(100, ge=1)
    """How many messages may wait for their answers."""
    response_timeout: Duration = 10_000
    """Real time the SMSC has to answer."""


Digits = Annotated[str, Field(pattern=r"^[0-9]{0,5}$")]


OWN_TRUNK = "gateway"
"""The name of the lab's own gateway among the trunks of the lab's switch."""


class VoiceLinkSettings(Section):
    """The gateway's own SIP user agent, and how it reads the numbers of those who call it."""

    host: str | None = None
    """The voice switch's address; without it, the lab's own switch."""
    port: int = Field(5060, ge=1, le=65535)
    """The switch's SIP port, where `host` is given."""
    transport: Literal["udp", "tcp"] = "udp"
    """How the switch is called."""
    username: str | None = Field(None, min_length=1, max_length=64)
    """The gateway's name at the switch, if that asks for credentials (401 or 407) when it is called."""
    password: str | None = Field(None, min_length=1, max_length=64)
    """The password of that name."""
    listen_host: str | None = None
    """The address that the gateway's user agent listens on and calls from; without it, server.host."""
    listen_port: int = Field(0, ge=0, le=65535)
    """The gateway's own SIP port, for UDP and TCP; 0 takes a free one."""
    trusted_peers: list[IPv4Network | IPv6Network] | None = None
    """Networks whose P-Asserted-Identity counts (RFC 3325, 5); without them, the switch that is called."""
    country_code: Digits = "7"
    """The country that numbers without a country code belong to."""
    trunk_prefix: Digits = "8"
    """What stands before its national numbers; empty: nothing."""
    international_prefixes: list[Digits] = ["00", "810"]
    """What stands before a country code."""
    national_digits: int = Field(10, ge=4, le=14)
    """How many digits its numbers have after the country code."""

    @model_validator(mode="after")
    def _a_name_has_a_password(self) -> Self:
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password go together")
        return self

    @property
    def credentials(self) -> Credentials | None:
        """Who the gateway is to a switch that asks."""
        return Credentials(self.username, self.password) if self.username and self.password else None

    def dial_plan(self) -> DialPlan:
        """Return how callers' numbers are read."""
        return DialPlan(
            self.country_code, self.trunk_prefix, tuple(filter(None, self.international_prefixes)), self.national_digits
        )


def default_operators() -> list[OperatorSettings]:
    """Return the two operators of the default lab."""
    return [
        OperatorSettings(
            id="alpha",
            name="Alpha Mobile",
            secret="whsec_YWxwaGEtbGFiLW9wZXJhdG9yLXNpZ25pbmcta2V5",  # noqa: S106 - the lab's known key
            ranges=[_range("+70000000000", "+70000000010"), _range("+70000000100", "+70004999999")],
        ),
        OperatorSettings(
            id="beta",
            name="Beta Telecom",
            secret="whsec_YmV0YS1sYWItb3BlcmF0b3Itc2lnbmluZy1rZXk=",  # noqa: S106 - the lab's known key
            ranges=[_range("+70000000011", "+70000000099"), _range("+70005000000", "+70009999999")],
        ),
    ]


def default_subscribers() -> list[SubscriberSettings]:
    """Return the twenty subscribers of the default lab: ten of alpha, ten of beta."""
    return [
        SubscriberSettings(phone_number=f"+700000000{n:02d}", operator_id="alpha" if n <= 10 else "beta")
        for n in range(1, 21)
    ]


def default_services() -> list[ServiceSettings]:
    """Return the service of the default lab, whose key everybody knows."""
    return [ServiceSettings(id="demo", name="Demo messenger", key="lab-demo-key")]


def default_handsets() -> list[HandsetSettings]:
    """Return the handset of the default lab that is in no subscriber database."""
    return [HandsetSettings(phone_number="+70000000098")]


def _in_a_lab(default: Callable[[], list[T]]) -> Callable[[dict[str, Any]], list[T]]:
    """Return the factory of a default that only a lab has."""

    def make(read: dict[str, Any]) -> list[T]:
        lab = read.get("lab")
        return default() if lab is None or lab.enabled else []

    return make


def _range(first: str, last: str) -> RangeSettings:
    return RangeSettings(first=first, last=last)


class ProfileStep(Section):
    """A profile of a schedule; an attempt ends under the profile of its start (S87)."""

    name: str
    """What the profile is called: its file without `.yaml`."""
    since: AwareDatetime | None = None
    """The first instant of the lab clock at which attempts start under it; only the first of a list has none."""


def _as_schedule(value: Any) -> Any:
    """Return the steps of a schedule; a name alone is in force at all times."""
    return [{"name": value}] if isinstance(value, str) else value


class Settings(Section):
    """Everything that a lab can be told.

    Where the lab is not enabled, its known services, operators, subscribers and handsets are no defaults.
    """

    server: ServerSettings = absent()
    lab: LabSettings = absent()
    page: PageSettings = absent()
    logs: LogSettings = absent()
    smsc: SmscSettings = absent()
    voice: VoiceSettings = absent()
    smsc_link: SmscLinkSettings = absent()
    voice_link: VoiceLinkSettings = absent()
    confirmation: ConfirmationSettings = absent()
    profile: Annotated[list[ProfileStep], Field(min_length=1), BeforeValidator(_as_schedule)] = [
        ProfileStep(name="ru-1801")
    ]
    """The set of identification rules: a file in configs/profiles/, or several by the time at which each begins."""
    reconciliation: ReconciliationSettings = absent()
    webhooks: WebhookSettings = absent()
    broadcasts: BroadcastSettings = absent()
    services: list[ServiceSettings] = Field(default_factory=_in_a_lab(default_services))
    """Who may use the API, each with its key."""
    operators: list[OperatorSettings] = Field(default_factory=_in_a_lab(default_operators))
    """The mobile operators that are asked; those without a `url` are played by the lab."""
    numbering_files: list[Path] = []
    """Files of the regulator's registry of numbers; paths are relative to the configuration file."""
    subscribers: list[SubscriberSettings] = Field(default_factory=_in_a_lab(default_subscribers))
    """The contracts that the lab's operators begin with; each has a handset."""
    subscriber_files: list[Path] = []
    """CSV files with the columns phone_number, operator_id, imsi; paths are relative to the configuration file."""
    handsets: list[HandsetSettings] = Field(default_factory=_in_a_lab(default_handsets))
    """Handsets beside those of the subscribers."""

    def schedule(self) -> Plan:
        """Return which profile is in force when."""
        return [(0 if step.since is None else instant(step.since.isoformat()), step.name) for step in self.profile]
