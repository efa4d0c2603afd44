"""The registrar (RFC 3261, 10.3): SIP phones tell where they are, and prove it by their password if they have one.

Registrations live in real time, since the phones do. They are stored before they are acknowledged: a phone that was
told that it is registered for an hour would not come again after a restart.
"""

import asyncio
import secrets
import time
from collections.abc import Callable
from functools import partial
from typing import Protocol

import structlog

from smsc_emulator.base.clock import Clock, utc_millis
from smsc_emulator.base.database import Database, Tx
from smsc_emulator.base.durations import iso
from smsc_emulator.base.msisdn import DialPlan, from_dialled
from smsc_emulator.sip.dialogs import peer_of
from smsc_emulator.sip.digest import Authenticator, Verdict
from smsc_emulator.sip.fields import user_of
from smsc_emulator.sip.registering import Registering
from smsc_emulator.voice import store
from smsc_emulator.voice.routing import Contact, Phone, Routing

REALM = "confirmlab"
LONGEST = 3600
"""Seconds that a registration lasts at most; who asks for more is told so."""

log = structlog.get_logger(__name__)


class RegistrationControl(Protocol):
    """What can be answered to a REGISTER."""

    def accept_registration(self, request: str, contact: str | None, expires: int) -> None:
        """Answer with what is registered now, and for how many seconds."""

    def challenge(self, request: str, challenges: list[str]) -> None:
        """Ask who registers."""

    def refuse_registration(self, request: str, status: int) -> None:
        """Refuse."""


class Registrar:
    """Where the SIP phones of `routing` are that register; the others have a place of their own."""

    def __init__(
        self,
        routing: Routing,
        plan: DialPlan,
        database: Database,
        clock: Clock,
        control: RegistrationControl,
        *,
        utc: Callable[[], int] = utc_millis,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._routing = routing
        self._plan = plan
        self._database = database
        self._clock = clock
        self._control = control
        self._utc = utc
        self._monotonic = monotonic
        self._authenticator = Authenticator(REALM, secrets.token_bytes(32))
        self._ends: dict[str, asyncio.TimerHandle] = {}
        self._working: set[asyncio.Task[None]] = set()

    def restore(self, number: str, contact: str, until: int) -> None:
        """Take up a registration of an earlier run, if it still holds."""
        phone = self._routing.phones.get(number)
        if phone is not None and phone.settings.contact is None and until > self._utc():
            self._register(phone, Contact.parse(contact), until)

    async def close(self) -> None:
        """End the timers, and finish what is being stored."""
        for timer in self._ends.values():
            timer.cancel()
        await asyncio.gather(*self._working, return_exceptions=True)

    def on_register(self, event: Registering) -> None:
        """Judge a REGISTER, and answer it; one that changes something is answered when that is stored."""
        phone = self._phone(event.user)
        if phone is None:
            self._control.refuse_registration(event.request, 404)
        elif phone.settings.contact is not None:
            self._control.refuse_registration(event.request, 403)
        elif self._is_proven(phone, event):
            task = asyncio.get_running_loop().create_task(self._serve(phone, event))
            self._working.add(task)
            task.add_done_callback(self._working.discard)

    def _phone(self, user: str) -> Phone | None:
        by_name = next((phone for phone in self._routing.phones.values() if phone.settings.user == user), None)
        return by_name or self._routing.phones.get(from_dialled(user, self._plan) or user)

    def _is_proven(self, phone: Phone, event: Registering) -> bool:
        """Check the password; a phone that has not proven it is challenged.

        A wrong one is too: it may be right for a nonce of an earlier run, which nobody can tell from a wrong one.
        """
        password, offered, now = phone.settings.password, phone.settings.digest, self._monotonic()
        if password is None:
            return True
        user = phone.settings.user
        verdict = self._authenticator.check(event.authorization, user, password, now, offered=offered)
        if verdict is not Verdict.PROVEN:
            challenges = self._authenticator.challenges(now, offered=offered, stale=verdict is Verdict.STALE)
            self._control.challenge(event.request, challenges)
        return verdict is Verdict.PROVEN

    async def _serve(self, phone: Phone, event: Registering) -> None:
        try:
            if event.contact is None or (event.expires == 0 and not _is_its(phone, event)):
                self._tell_present(phone, event.request)
            elif event.expires == 0:
                await self._store(phone, None, 0)
                self._forget(phone)
                self._control.accept_registration(event.request, None, 0)
            else:
                expires = min(event.expires, LONGEST)
                contact, until = _contact_of(event.contact, event), self._utc() + expires * 1000
                await self._store(phone, contact, until)
                self._register(phone, contact, until)
                self._control.accept_registration(event.request, event.contact, expires)
        except ValueError:
            self._control.refuse_registration(event.request, 400)
        except Exception:
            log.exception("a registration failed")
            self._control.refuse_registration(event.request, 500)

    def _tell_present(self, phone: Phone, request: str) -> None:
        left = 0 if phone.registered_until is None else (phone.registered_until - self._utc()) // 1000
        self._control.accept_registration(request, None if phone.contact is None else str(phone.contact), left)

    async def _store(self, phone: Phone, contact: Contact | None, until: int) -> None:
        now = self._clock.now()

        def unit(tx: Tx) -> None:
            store.put_registration(tx, phone.number, None if contact is None else str(contact), until)
            if contact is None:
                tx.record(now, "phone.unregistered", phone.number)
            else:
                tx.record(now, "phone.registered", phone.number, contact=str(contact), until=iso(until))

        await self._database.run(unit)

    def _register(self, phone: Phone, contact: Contact, until: int) -> None:
        self._forget(phone)
        phone.contact, phone.registered_until = contact, until
        seconds = (until - self._utc()) / 1000
        self._ends[phone.number] = asyncio.get_running_loop().call_later(seconds, partial(self._forget, phone))

    def _forget(self, phone: Phone) -> None:
        """Let a registration end; its row says itself when it does."""
        phone.contact = phone.registered_until = None
        timer = self._ends.pop(phone.number, None)
        if timer is not None:
            timer.cancel()


def _contact_of(uri: str, event: Registering) -> Contact:
    """Return where a phone is to be called. Raises ValueError.

    One that registers over a connection is called over it, since behind a NAT or a firewall there is no other way. So
    is one behind a NAT called where its REGISTER came from: the address in its Contact is good there alone.
    """
    told = peer_of(uri, event.peer)
    hidden = event.behind_nat and told.host != event.peer.host
    return Contact(user_of(uri), event.peer if hidden or event.peer.transport == "tcp" else told)


def _is_its(phone: Phone, event: Registering) -> bool:
    """Whether a registration that is to be taken away is the present one: one that moved says late that it was there.

    Raises ValueError if the URI cannot be read.
    """
    if event.contact in (None, "*") or phone.contact is None:
        return True
    told = _contact_of(event.contact, event)
    if event.peer.transport == "tcp":  # each connection has a port of its own
        return (told.user, told.peer.host) == (phone.contact.user, phone.contact.peer.host)
    return told == phone.contact
