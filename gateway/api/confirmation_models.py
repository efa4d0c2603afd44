"""What the API takes and shows of confirmations, those that are a part of an identification included."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, model_validator

from confirm.challenge import SendState, State
from confirm.ports import Trust
from confirm.settings import MethodName, StepSettings
from confirm.workflow import StepState, Wish
from gateway.api.types import Money, PhoneNumber, Timestamp, Wait
from smsc_emulator.base import durations, forms
from smsc_emulator.base.web import Model

# What is taken.

StepTime = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,3}(ms|s|m|h)$", examples=["90s"])]
"""How long a step lasts, on the lab clock."""

Locale = Annotated[str, Field(pattern=forms.LOCALE, examples=["ru"])]
"""A language by its BCP 47 tag."""

OwnCode = Annotated[str, Field(pattern=forms.CODE, examples=["271828"])]
"""A code that the service has chosen."""


class StepStart(Model):
    """A step of the workflow that is asked for."""

    method: MethodName
    time: StepTime | None = Field(None, description="When the next step begins by itself; null: the method's own time.")


Workflow = Annotated[
    list[MethodName | StepStart], Field(min_length=1, max_length=8, examples=[["flash_call", "sms_code"]])
]
"""Methods in the order in which they are tried, each a name or {method, time}."""


class Start(Model):
    """What every start of a confirmation may say, its own or that of an identification."""

    phone_number: PhoneNumber
    methods: Workflow | None = Field(None, description="The steps, tried one after the other; null: the usual ones.")
    locale: Locale | None = Field(None, description="The language of the SMS; the lab's own if it has no text in it.")
    client_address: IPv4Address | IPv6Address | None = Field(
        None, description="The address of the user's device. Limits may count by it."
    )
    challenge_passed: bool = Field(False, description="Whether the user has shown that he is no robot.")

    def wish(self, service_id: str) -> Wish:
        """Return what the start wishes for."""
        return Wish(
            service_id=service_id,
            phone_number=self.phone_number,
            workflow=tuple(_step(one) for one in self.methods or ()),
            locale=self.locale,
            client_address=None if self.client_address is None else str(self.client_address),
            challenge_passed=self.challenge_passed,
        )


def _step(asked: MethodName | StepStart) -> StepSettings:
    if isinstance(asked, str):
        return StepSettings(method=asked)
    return StepSettings(method=asked.method, time=None if asked.time is None else durations.parse(asked.time))


class ConfirmationStart(Start):
    """What a confirmation needs."""

    model_config = ConfigDict(json_schema_extra={"not": {"required": ["method", "methods"]}})

    method: MethodName | None = Field(None, description="The only step; instead of `methods`.")
    code: OwnCode | None = Field(None, description="The service's own code; null: one is drawn.")
    template: Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f-\x9f]{1,64}$")] | None = Field(
        None, description="The name of the text that the SMS has; null: the usual one."
    )

    @model_validator(mode="after")
    def _says_it_once(self) -> "ConfirmationStart":
        if {"method", "methods"} <= self.model_fields_set:
            raise ValueError("give either `method` or `methods`")
        return self

    def wish(self, service_id: str) -> Wish:
        """Return what the start wishes for."""
        wish = super().wish(service_id)
        alone = () if self.method is None else (StepSettings(method=self.method),)
        return replace(wish, workflow=wish.workflow or alone, code=self.code, template=self.template)


class CodeCheck(Model):
    """What the user gave back: a code, or the digits or the whole number of the caller."""

    code: Annotated[str, Field(min_length=1, max_length=32, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$", examples=["123456"])]
    source: Literal["typed", "intercepted"] = Field("typed", description="Whether he or an app on his phone read it.")


class Resend(Model):
    """What is sent again."""

    code: OwnCode | None = Field(None, description="The service's own code; null: another one is drawn.")


class ConfirmationQuery(Model):
    """How long to wait for another state or another step."""

    wait: Wait | None = None


# What is shown.


class CodeSent(Model):
    """How far the present code has come, by SMS or as the caller's number of a call."""

    state: SendState
    at: Timestamp | None
    message_id: str | None
    """The SMSC's id of the message."""
    command_status: int | None
    """The SMSC's reason where it refused the message."""


class Step(Model):
    """One step of the workflow."""

    method: str
    state: StepState
    outcome: str | None = Field(description="Why it failed, or what has become of its call.")
    started_at: Timestamp | None
    ended_at: Timestamp | None


class CallShown(Model):
    """What is told beforehand of the call whose caller's number ends in the code."""

    caller_prefix: str = Field(description="What the numbers of all callers begin with.")
    digits: int = Field(description="How many of its last digits are the code.")
    entropy_digits: float = Field(description="Decimal digits that a guess must get right, by the size of the pool.")
    weak: bool = Field(description="Whether these are fewer than the settings want.")


class Proof(Model):
    """How the number was proved."""

    method: str
    source: Literal["typed", "intercepted", "call", "sms", "test"] = Field(
        description="typed, intercepted: a code came back. call, sms: the user's own. test: nothing happened."
    )
    trust: Trust | None = Field(description="How sure the number of the user's own call or SMS is.")
    at: Timestamp


class Cost(Model):
    """What was charged so far."""

    amount: Money
    currency: str
    billable_seconds: int = Field(description="Begun seconds of answered calls.")


class SmsCodeInstructions(Model):
    """The user reads an SMS, and gives the code in it back."""

    method: Literal["sms_code"]
    until: Timestamp
    digits: int | None = Field(None, description="How many the code has; null for one that the service chose.")


class FlashCallInstructions(Model):
    """The user reads the number of a missed call, and gives its last digits back, or the whole number."""

    method: Literal["flash_call"]
    until: Timestamp
    caller_prefix: str = Field(description="What the numbers of all callers begin with.")
    digits: int = Field(description="How many of the last digits are the code.")


class CallInInstructions(Model):
    """The user calls a number from his own; the call is rejected, and costs nothing."""

    method: Literal["call_in"]
    until: Timestamp
    access_number: PhoneNumber | None = Field(description="Null for a test number, for which nothing is called.")


class MoSmsInstructions(Model):
    """The user sends an SMS from his number."""

    method: Literal["mo_sms"]
    until: Timestamp
    short_code: str = Field(description="Where he sends it.")
    token: str
    text: str = Field(description="What he sends; other words around the token do no harm.")


Instructions = Annotated[
    SmsCodeInstructions | FlashCallInstructions | CallInInstructions | MoSmsInstructions, Field(discriminator="method")
]
"""What the user is to do now."""


class Confirmation(Model):
    """The proof that a user holds a number, under way or over."""

    id: str
    service_id: str
    phone_number: PhoneNumber
    method: str
    """The present step's method."""
    methods: list[str]
    state: State
    reason: str | None
    """Why it ended so: too_many_attempts, send_failed, requested, replaced."""
    attempts_left: int
    created_at: Timestamp
    expires_at: Timestamp
    step: int = Field(description="The place of the present step, from 0.")
    steps: list[Step]
    next_step_at: Timestamp | None = Field(description="When the next step begins by itself; null on the last one.")
    code_sent: CodeSent
    call: CallShown | None = Field(description="Of a flash_call.")
    access_number: str | None = Field(description="Of a call_in: the number to call.")
    short_code: str | None = Field(description="Of an mo_sms: where to send it.")
    proof: Proof | None
    cost: Cost
    test: bool = Field(description="Whether it is a test number: nothing is sent, nothing costs.")


class InstructedConfirmation(Confirmation):
    """The proof that a user holds a number, with what he is to do now."""

    instructions: Instructions | None = Field(description="Null when nothing is waited for.")


def secrets(shown: Any) -> set[str]:
    """Return the members of an answer with `instructions` that must not be stored: a token may be in them."""
    return {"instructions"} if isinstance(shown.instructions, MoSmsInstructions) else set()
