"""How transit networks spell a caller's number on its way: the same number in the forms that receivers must read."""

from smsc_emulator.base.msisdn import DialPlan, from_dialled
from smsc_emulator.handsets.voice import Spelling
from smsc_emulator.sip.calls import Invitation
from smsc_emulator.sip.fields import ANONYMOUS


def shown_of(invitation: Invitation) -> str | None:
    """Return the caller that may be shown; None if it is withheld."""
    return None if invitation.private or invitation.caller in ("", ANONYMOUS) else invitation.caller


def spell(user: str, spelling: Spelling, plan: DialPlan) -> str | None:
    """Return the caller `user`, as it stands on the wire, in another spelling; None if it is withheld.

    What is no number keeps its form. A number of another country has no national form: it is dialled with the
    international prefix.
    """
    if spelling == "withheld":
        return None
    number = None if spelling == "keep" else from_dialled(user, plan)
    if number is None:
        return user
    digits = number.removeprefix("+")
    at_home = digits.startswith(plan.country_code) and len(digits) == len(plan.country_code) + plan.national_digits
    abroad = plan.international_prefixes[0] + digits
    national = digits.removeprefix(plan.country_code)
    forms = {
        "plus": number,
        "digits": digits,
        "00": abroad,
        "8": plan.trunk_prefix + national if at_home else abroad,
        "national": national if at_home else abroad,
    }
    return forms[spelling]
