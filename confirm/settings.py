"""The confirmation's section of the configuration."""

import re
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, Field, field_validator, model_validator

from confirm.ports import Trust
from smsc_emulator.base.config import Duration, PhoneNumber, Section, absent
from smsc_emulator.base.durations import MINUTE, SECOND

Decision = Literal["allow", "challenge", "deny", "shadow"]
"""What is done with a start that looks like pumping.

allow: it goes on, the signal is in the journal. challenge: 403 challenge_required, unless the request says
`challenge_passed`. deny: 403. shadow: it is answered as any other, nothing is sent and nothing costs. Where no decision
is set, the signal is not looked for, which costs nothing.
"""


def _caller(value: str) -> str:
    if not re.fullmatch(r"\+[1-9][0-9]*X*", value) or not 8 <= len(value) <= 16:
        raise ValueError(f"{value!r} is neither a number nor a pattern; write +, 7 to 15 digits, X for any at the end")
    return value


Caller = Annotated[str, AfterValidator(_caller)]
"""A caller number, or a pattern of some: `+7000100XXXX` is ten thousand."""


class FlashCallSettings(Section):
    """A missed call whose caller number ends in the code."""

    callers: Annotated[list[Caller], Field(min_length=1)] = ["+7000100XXXX"]
    """The pool of caller numbers: single numbers, or patterns whose last X's are any digit."""
    digits: int = Field(4, ge=4, le=6)
    """How many of the last digits of the caller number are the code."""
    ring: Duration = Field(10 * SECOND, ge=1, le=120 * SECOND)
    """Lab time that the handset rings before the call is taken back."""
    quarantine: Duration = 15 * MINUTE
    """Lab time for which a caller number is not used again for the same handset."""
    wanted_digits: int = Field(6, ge=0, le=10)
    """Decimal digits of entropy below which the answer flags the code as weak; NIST SP 800-63B asks for six."""

    @field_validator("callers")
    @classmethod
    def _none_holds_another(cls, callers: list[str]) -> list[str]:
        for place, caller in enumerate(callers):
            for other in callers[:place] + callers[place + 1 :]:
                if len(other) == len(caller) and caller.rstrip("X").startswith(other.rstrip("X")):
                    raise ValueError(f"{caller} is held by {other} already")
        return callers


LeastTrust = Literal[Trust.ASSERTED, Trust.UNVERIFIED]
"""What can be asked for; see `confirm.ports.Trust`."""


class CallInSettings(Section):
    """A call by the user to an access number."""

    access_numbers: list[PhoneNumber] = ["+70002000001", "+70002000002", "+70002000003", "+70002000004"]
    """The numbers that users call; one confirmation of a number at a time uses each."""
    reject_with: Literal[480, 486, 603] = 486
    """How the call is rejected so that it costs nothing."""
    least_trust: LeastTrust = Trust.ASSERTED
    """How sure the caller's number must be: asserted by the network, or unverified. What is suspected never counts."""


class MoSmsSettings(Section):
    """An SMS that the user sends."""

    short_code: str = Field("3434", pattern=r"^\+?[0-9]{3,15}$")
    """Where he sends it."""
    token_length: int = Field(6, ge=4, le=12)
    """Characters of the token that the SMS must hold."""
    least_trust: LeastTrust = Trust.ASSERTED
    """How sure the sender's number must be; what comes over the operator's own bind is asserted."""


class LimitSettings(Section):
    """How many codes, calls and slots may be asked for."""

    per: Literal["number", "prefix", "client_address", "service"]
    """What is counted by, at one service: the number, its first `pumping.prefix_digits` digits, the client's address
    (of IPv6 the /64), or nothing but the service."""
    count: int = Field(ge=1)
    """How many."""
    within: Duration = Field(ge=1)
    """In which lab time, counted back from now."""


class LockSettings(Section):
    """Locks a number after failures across its confirmations."""

    failures: int | None = Field(None, ge=1)
    """Wrong answers and failed confirmations of one number, at one service, after which it is locked; null: never."""
    within: Duration = 60 * MINUTE
    """In which lab time they are counted."""
    lasts: Duration = 60 * MINUTE
    """How long the lock lasts."""


class PumpingSettings(Section):
    """Signals of artificially inflated traffic, and what is done about each."""

    within: Duration = 60 * MINUTE
    """The lab time that the signals look back over."""
    prefix_digits: int = Field(7, ge=1, le=14)
    """How many digits of a number are its prefix, for the signals and for limits per prefix."""
    sequential: int = Field(10, ge=2)
    """This many different numbers of one prefix that follow each other without larger gaps than 2."""
    on_sequential: Decision | None = None
    """What is done then; null: they are not looked for, and so with the others."""
    low_conversion: float = Field(0.1, ge=0, le=1)
    """Less than this share of a prefix's last ended confirmations was confirmed, ..."""
    low_conversion_from: int = Field(20, ge=1)
    """... of at least so many."""
    on_low_conversion: Decision | None = None
    """What is done then."""
    concentration: int = Field(10, ge=2)
    """This many different numbers from one client address."""
    on_concentration: Decision | None = None
    """What is done then."""


class TariffSettings(Section):
    """What things cost; a synthetic currency by default."""

    currency: str = Field("XTS", pattern=r"^[A-Z]{3}$")
    """ISO 4217; XTS is the code for tests."""
    sms: Decimal = Field(Decimal("0.05"), ge=0, decimal_places=6)
    """Each SMS segment that the SMSC took over."""
    call: Decimal = Field(Decimal("0.01"), ge=0, decimal_places=6)
    """Each call that was placed."""
    call_second: Decimal = Field(Decimal("0.002"), ge=0, decimal_places=6)
    """Each begun second of an answered call."""
    query: Decimal = Field(Decimal("0.02"), ge=0, decimal_places=6)
    """Each question to an operator, however often it was tried."""


class TestNumberSettings(Section):
    """Numbers that nothing is sent to: no limits hold for them and they cost nothing."""

    __test__ = False  # pytest would take the name for a test's

    first: PhoneNumber
    """The number, or the first of a range."""
    last: PhoneNumber | None = None
    """The last of the range; null: `first` alone."""
    code: str | None = Field(None, pattern=r"^[0-9A-Za-z]{4,10}$")
    """The code that is right; null: none is."""
    outcome: Literal["answer", "confirmed", "send_failed", "expired", "too_many_attempts"] = "answer"
    """answer: the code decides. The others come by themselves: at once, or, `expired`, when the lifetime ends."""
    until: AwareDatetime | None = None
    """When it stops being a test number."""

    @model_validator(mode="after")
    def _range(self) -> "TestNumberSettings":
        if self.last is not None and (len(self.last) != len(self.first) or self.last < self.first):
            raise ValueError(f"expected a last number of as many digits as {self.first}, and not below it")
        return self


MethodName = Literal["sms_code", "flash_call", "call_in", "mo_sms"]


class StepSettings(Section):
    """One step of a workflow."""

    method: MethodName
    """How the number is to be confirmed."""
    time: Duration | None = Field(None, ge=1)
    """Lab time until the next step begins by itself; null: the method's own, see `times`."""


class TimeSettings(Section):
    """How long each method's step lasts in a workflow, and the lifetime of what it issued."""

    sms_code: Duration | None = None
    """null: code_lifetime."""
    flash_call: Duration | None = None
    """null: code_lifetime."""
    call_in: Duration = 5 * MINUTE
    """How long the access number waits for the call."""
    mo_sms: Duration = 5 * MINUTE
    """How long the token is good for."""


LANGUAGE = r"^[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}$"
"""A language tag (BCP 47), as far as texts need one."""

Templates = dict[str, dict[str, str]]
"""Texts by name and language; each name has at least the language of `locale`."""


class ConfirmationSettings(Section):
    """How a user proves that he holds a number."""

    methods: Annotated[list[MethodName | StepSettings], Field(min_length=1, max_length=8)] = ["sms_code"]
    """The workflow of confirmations that name no method of their own."""
    times: TimeSettings = absent()
    """How long each method's step lasts."""
    code_digits: int = Field(6, ge=4, le=10)
    """Digits of a code; NIST SP 800-63B asks for six or more."""
    code_lifetime: Duration = 300_000
    """How long a code is good for."""
    attempts: int = Field(3, ge=1, le=10)
    """Wrong codes after which the confirmation has failed."""
    resend_gap: Duration = 60_000
    """Lab time between two codes for one confirmation."""
    second_start: Literal["replace", "same_code", "new_code", "conflict", "independent"] = "replace"
    """What a second start for a number does while one is open."""
    reveal_numbers: bool = False
    """Whether answers tell that a number is nobody's."""
    allow_prefixes: list[Annotated[str, Field(pattern=r"^\+[0-9]{0,15}$")]] = ["+"]
    """Countries and ranges whose numbers may be confirmed, by their first digits; `+7` is a country."""
    deny_prefixes: list[Annotated[str, Field(pattern=r"^\+[0-9]{1,15}$")]] = []
    """Those of them that may not."""
    cool_down: Duration = 0
    """Lab time between two SMS or calls to one number, across all confirmations of a service."""
    limits: list[LimitSettings] = []
    """How many codes, calls and slots may be asked for; none are limited by default."""
    lock: LockSettings = absent()
    """Locks a number after failures across its confirmations."""
    pumping: PumpingSettings = absent()
    """Signals of artificially inflated traffic."""
    flash_call: FlashCallSettings = absent()
    """A missed call whose caller number ends in the code."""
    call_in: CallInSettings = absent()
    """A call by the user to an access number."""
    mo_sms: MoSmsSettings = absent()
    """An SMS that the user sends."""
    locale: str = Field("en", pattern=LANGUAGE)
    """The language of texts that are asked for in none, or in one that a template lacks."""
    text: str = "{code} is your confirmation code."
    """The SMS in `locale`; {code} stands for the code, {brand} for the service's name."""
    texts: dict[str, str] = {"ru": "Ваш код подтверждения: {code}."}
    """The same in other languages, by their BCP 47 tags."""
    templates: Templates = {}
    """Other texts by name and language, such as {login: {en: "{code} lets you in to {brand}."}}."""
    sender: str = Field("confirmlab", max_length=20)
    """The source address of the SMS: a name of up to 11 characters, or digits."""
    tariffs: TariffSettings = absent()
    """What things cost."""
    test_numbers: list[TestNumberSettings] | None = None
    """Numbers that nothing is sent to; null: in a lab the five hundred of docs/limits.md, elsewhere none."""

    @field_validator("text")
    @classmethod
    def _holds_code(cls, text: str) -> str:
        return _text_of_code(text)

    @field_validator("texts")
    @classmethod
    def _all_hold_codes(cls, texts: dict[str, str]) -> dict[str, str]:
        return {_language(locale): _text_of_code(text, locale) for locale, text in texts.items()}

    @field_validator("templates")
    @classmethod
    def _all_templates_hold_codes(cls, templates: Templates) -> Templates:
        for name, texts in templates.items():
            for locale, text in texts.items():
                _text_of_code(text, f"{name}.{_language(locale)}")
        return templates

    @field_validator("test_numbers")
    @classmethod
    def _ranges_part(cls, ranges: list[TestNumberSettings] | None) -> list[TestNumberSettings] | None:
        places = sorted((len(one.first), one.first, one.last or one.first) for one in ranges or ())
        for (length, _, last), (next_length, first, _) in pairwise(places):
            if length == next_length and first <= last:
                raise ValueError(f"a range begins at {first}, but another one ends at {last}")
        return ranges

    @model_validator(mode="after")
    def _templates_have_the_language(self) -> "ConfirmationSettings":
        for name, texts in self.templates.items():
            if self.locale.lower() not in {locale.lower() for locale in texts}:
                raise ValueError(f"templates.{name}: there is no text in {self.locale!r}, the language of `locale`")
        return self


def _text_of_code(text: str, where: str = "") -> str:
    about = f"{where}: " if where else ""
    if "{code}" not in text:
        raise ValueError(f"{about}the text must hold {{code}}")
    for name in re.findall(r"\{(\w+)\}", text):
        if name not in ("code", "brand"):
            raise ValueError(f"{about}{{{name}}} stands for nothing; {{code}} and {{brand}} do")
    return text


def _language(tag: str) -> str:
    if not re.fullmatch(LANGUAGE, tag):
        raise ValueError(f"{tag!r} is no language tag such as ru or pt-BR")
    return tag
