"""What only several settings together can show: names that are taken twice, numbers that nobody serves."""

from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise

from gateway.config import personalities
from gateway.config.mistakes import Path, nearest
from gateway.identification import profiles
from gateway.resources import config_path
from gateway.settings import OWN_TRUNK, Settings
from smsc_emulator.base.durations import SECOND
from smsc_emulator.frozen import frozen
from smsc_emulator.net.tls import server_context

Finding = tuple[Path, str]
"""The path of a wrong value and the sentence about it."""


@frozen
class Check:
    """A question to whole sections, asked only if all of them are right in themselves."""

    needs: frozenset[str]
    ask: Callable[[Settings], Iterator[Finding]]


def _unique(values: Iterable[tuple[Path, str | None]], secret: bool = False) -> Iterator[Finding]:
    seen: set[str] = set()
    for path, value in values:
        if value is not None and value in seen:
            yield path, "this is taken already by another" if secret else f"{value!r} stands here for the second time"
        elif value is not None:
            seen.add(value)


def _listed(settings: Settings, *path: str, member: str) -> Iterator[tuple[Path, str | None]]:
    items = settings
    for part in path:
        items = getattr(items, part)
    for index, item in enumerate(items):
        yield (*path, index, member), getattr(item, member)


def _operator_ids(settings: Settings) -> Iterator[Finding]:
    return _unique(_listed(settings, "operators", member="id"))


def _service_ids(settings: Settings) -> Iterator[Finding]:
    yield from _unique(_listed(settings, "services", member="id"))
    yield from _unique(_listed(settings, "services", member="key"), secret=True)


def _agreements(settings: Settings) -> Iterator[Finding]:
    known = sorted(operator.id for operator in settings.operators)
    for index, service in enumerate(settings.services):
        for place, agreement in enumerate(service.agreements or ()):
            if agreement.operator_id not in known:
                path = ("services", index, "agreements", place, "operator_id")
                sentence = f"there is no operator {agreement.operator_id!r}"
                yield path, sentence + nearest(agreement.operator_id, known, "operator")


def _accounts(settings: Settings) -> Iterator[Finding]:
    accounts = settings.smsc.accounts
    yield from _unique(_listed(settings, "smsc", "accounts", member="system_id"))
    yield from _unique(
        (("smsc", "accounts", index, "serves", place), number)
        for index, account in enumerate(accounts)
        for place, number in enumerate(account.serves)
    )


def _own_account(settings: Settings) -> Iterator[Finding]:
    link = settings.smsc_link
    for index, account in enumerate(settings.smsc.accounts):
        if link.host is None and account.system_id == link.system_id and account.password != link.password:
            path = ("smsc", "accounts", index, "system_id")
            yield path, f"{link.system_id!r} is the gateway's own account (smsc_link), which has another password"


def _personalities(settings: Settings) -> Iterator[Finding]:
    """Accounts name personalities that there are, whose passwords they can bind with."""
    files = personalities.known(settings)
    found, _ = personalities.read_files(files[name] for name in sorted(personalities.named(settings) & files.keys()))
    named: list[tuple[Path, str, str | None]] = [(("smsc", "personality"), settings.smsc.personality, None)]
    named += [
        (("smsc", "accounts", index, "personality"), account.personality or settings.smsc.personality, account.password)
        for index, account in enumerate(settings.smsc.accounts)
    ]
    for path, name, password in named:
        if name in found:
            most = found[name].password_length
            if password is not None and len(password) > most:
                yield (*path[:-1], "password"), f"the personality {name} takes passwords of at most {most} characters"
        elif password is None or name != settings.smsc.personality:
            yield path, f"there is no personality {name!r}" + nearest(name, sorted(files), "personality")


def _tls(settings: Settings) -> Iterator[Finding]:
    tls = settings.smsc.tls
    if tls.port is None:
        return
    if tls.certificate is None:
        yield ("smsc", "tls", "certificate"), "this key is needed where smsc.tls.port is given"
        return
    try:
        server_context(tls)
    except OSError as error:
        yield ("smsc", "tls", "certificate"), f"TLS cannot begin with these files: {error}"


def _ranges(settings: Settings) -> Iterator[Finding]:
    blocks = [
        (len(block.first), block.first, block.last, ("operators", index, "ranges", place))
        for index, operator in enumerate(settings.operators)
        for place, block in enumerate(operator.ranges)
    ]
    highest = ""
    for length, first, last, path in sorted(blocks):
        if length != len(last) or first > last:
            yield (*path, "last"), f"expected a number of as many digits as {first}, and not below it (got {last})"
        elif len(highest) == length and first <= highest:
            yield (*path, "first"), f"this block begins at {first}, but another one ends at {highest}"
        if length == len(last):
            highest = max(highest, last) if len(highest) == length else last


def _keepers(settings: Settings) -> Iterator[Finding]:
    """Whoever keeps another's subscribers is an operator, and keeps them himself."""
    known = {operator.id: operator for operator in settings.operators}
    named: list[tuple[Path, str | None]] = []
    for index, operator in enumerate(settings.operators):
        named.append((("operators", index, "subscriber_data_at"), operator.subscriber_data_at))
        for place, block in enumerate(operator.ranges):
            named.append((("operators", index, "ranges", place, "subscriber_data_at"), block.subscriber_data_at))
    for path, keeper in named:
        if keeper is not None and keeper not in known:
            yield path, f"there is no operator {keeper!r}" + nearest(keeper, sorted(known), "operator")
        elif keeper is not None and known[keeper].subscriber_data_at is not None:
            yield path, f"{keeper} has its own subscribers kept by another"


def _folders(settings: Settings) -> Iterator[Finding]:
    """An operator has one way to be reached, and a folder of its own."""
    named = []
    for index, operator in enumerate(settings.operators):
        path: Path = ("operators", index, "folder")
        if operator.folder is not None:
            named.append(((*path, "path"), str(operator.folder.path)))
            if operator.url is not None:
                yield path, f"{operator.id!r} has a url already, where it is reached over HTTP"
            if operator.folder.poll < SECOND:
                yield (*path, "poll"), "a folder is looked into once a second at most; write 1s or more"
    yield from _unique(named)


def _registry_names(settings: Settings) -> Iterator[Finding]:
    """Each name in the registry of numbers means one operator."""
    named = [
        (("operators", index, "registry_names", place), name)
        for index, operator in enumerate(settings.operators)
        for place, name in enumerate(operator.registry_names)
    ]
    yield from _unique(named)


def _elsewhere(settings: Settings) -> Iterator[Finding]:
    if settings.lab.enabled:
        return
    for index, operator in enumerate(settings.operators):
        if operator.url is None and operator.folder is None:
            yield ("operators", index), f"without a lab, {operator.id!r} needs a url: nobody here plays it"
    if settings.smsc_link.host is None:
        yield ("smsc_link",), "without a lab, smsc_link needs the host of an SMSC"
    methods = {step if isinstance(step, str) else step.method for step in settings.confirmation.methods}
    if settings.voice_link.host is None and methods & {"flash_call", "call_in"}:
        yield ("voice_link",), "without a lab, calls need the host of a voice switch in voice_link"


def _subscribers(settings: Settings) -> Iterator[Finding]:
    yield from _unique(_listed(settings, "subscribers", member="phone_number"))
    yield from _unique(_listed(settings, "subscribers", member="imsi"))


def _contracts(settings: Settings) -> Iterator[Finding]:
    known = {operator.id for operator in settings.operators}
    for index, subscriber in enumerate(settings.subscribers):
        if subscriber.operator_id not in known:
            sentence = f"there is no operator {subscriber.operator_id!r}"
            yield (
                ("subscribers", index, "operator_id"),
                sentence + nearest(subscriber.operator_id, sorted(known), "operator"),
            )


def _handsets(settings: Settings) -> Iterator[Finding]:
    yield from _unique(_listed(settings, "handsets", member="phone_number"))
    subscribed = {subscriber.phone_number for subscriber in settings.subscribers}
    for index, handset in enumerate(settings.handsets):
        if handset.phone_number in subscribed:
            path = ("handsets", index, "phone_number")
            yield path, f"{handset.phone_number} is a subscriber, who has a handset already"


def _own_numbers(settings: Settings) -> Iterator[Finding]:
    """The numbers that users call and write to, and its trunk at the switch, are the gateway's alone."""
    confirmation = settings.confirmation
    numbers = confirmation.call_in.access_numbers
    paths: list[Path] = [("confirmation", "call_in", "access_numbers", place) for place in range(len(numbers))]
    yield from _unique(zip(paths, numbers, strict=True))
    handsets = {each.phone_number for each in settings.subscribers} | {each.phone_number for each in settings.handsets}
    for path, number in zip(paths, numbers, strict=True):
        if number in handsets:
            yield path, f"{number} has a handset in the lab, which calls would go to"
    for index, trunk in enumerate(settings.voice.trunks):
        if trunk.name == OWN_TRUNK:
            yield ("voice", "trunks", index, "name"), f"{OWN_TRUNK!r} is the trunk to the lab's own gateway"
    for index, account in enumerate(settings.smsc.accounts):
        short_code = confirmation.mo_sms.short_code
        if account.system_id != settings.smsc_link.system_id and short_code in account.serves:
            path = ("smsc", "accounts", index, "serves", account.serves.index(short_code))
            yield path, f"{short_code!r} is the gateway's own (confirmation.mo_sms.short_code)"


def _profile(settings: Settings) -> Iterator[Finding]:
    """Attempts start under profiles that there are."""
    known = profiles.Folder(config_path("profiles"))
    for index, step in enumerate(settings.profile):
        name = step.name
        path: Path = ("profile", index, "name") if settings.profile[1:] else ("profile",)
        if name not in known:
            yield path, f"there is no profile {name!r}" + nearest(name, sorted(known), "profile")


def _schedule(settings: Settings) -> Iterator[Finding]:
    """The first profile of a schedule has no beginning, and each other one begins after the one before it."""
    for index, (before, step) in enumerate(pairwise(settings.profile), 1):
        if step.since is None:
            yield ("profile", index), "this key is needed in all but the first: since"
        elif before.since is not None and step.since <= before.since:
            yield ("profile", index, "since"), "this profile has to begin after the one before it"


CHECKS = (
    Check(frozenset({"profile"}), _profile),
    Check(frozenset({"profile"}), _schedule),
    Check(frozenset({"operators"}), _operator_ids),
    Check(frozenset({"operators"}), _ranges),
    Check(frozenset({"operators"}), _keepers),
    Check(frozenset({"operators"}), _registry_names),
    Check(frozenset({"operators"}), _folders),
    Check(frozenset({"operators", "lab", "smsc_link", "voice_link", "confirmation"}), _elsewhere),
    Check(frozenset({"services"}), _service_ids),
    Check(frozenset({"services", "operators"}), _agreements),
    Check(frozenset({"smsc"}), _accounts),
    Check(frozenset({"smsc"}), _personalities),
    Check(frozenset({"smsc"}), _tls),
    Check(frozenset({"smsc", "smsc_link"}), _own_account),
    Check(frozenset({"subscribers"}), _subscribers),
    Check(frozenset({"subscribers", "operators"}), _contracts),
    Check(frozenset({"subscribers", "handsets"}), _handsets),
    Check(frozenset({"confirmation", "subscribers", "handsets", "smsc", "smsc_link", "voice"}), _own_numbers),
)


def findings(settings: Settings, broken: frozenset[str] = frozenset()) -> Iterator[Finding]:
    """Yield what is wrong between the sections, leaving out each check that needs a broken one."""
    for check in CHECKS:
        if not check.needs & broken:
            yield from check.ask(settings)
