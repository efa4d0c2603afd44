"""`confirmlab load identify`: a measured load of whole attempts through HTTP."""

from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from gateway.cli import load_run
from gateway.cli.options import DEFAULT_KEY, Data, Key, Url, fail, lab_errors, millis

if TYPE_CHECKING:
    from gateway.load.identify import IdentifyPlan


def identify(
    users: Annotated[int, typer.Option("--users", min=1, help="Attempts at once, at most one for a number.")] = 10,
    rate: load_run.Rate = None,
    ramp: load_run.Ramp = "0s",
    duration: load_run.Duration = None,
    count: load_run.Count = None,
    to: load_run.Numbers = None,
    handsets: Annotated[
        str | None, typer.Option("--handsets", help="The URL of the lab that plays the handsets; by default --url.")
    ] = None,
    code: Annotated[
        str | None, typer.Option("--code", help="The code that is always right, such as a test number's.")
    ] = None,
    start: Annotated[str | None, typer.Option("--start", help="The request that starts: METHOD PATH JSON.")] = None,
    check: Annotated[str | None, typer.Option("--check", help="The request that gives the code back.")] = None,
    read: Annotated[str | None, typer.Option("--read", help="The request that tells the state.")] = None,
    id_field: Annotated[str, typer.Option("--id-field", help="Where the first answer tells the id.")] = "id",
    state_field: Annotated[str, typer.Option("--state-field", help="Where answers tell the state.")] = "state",
    success: Annotated[list[str] | None, typer.Option("--success", help="A state that is the wished end.")] = None,
    failure: Annotated[list[str] | None, typer.Option("--failure", help="A state that is another end.")] = None,
    patience: Annotated[str, typer.Option("--patience", help="How long an attempt may take.")] = "30s",
    json: load_run.JsonFile = None,
    html: load_run.Html = None,
    tolerate: load_run.Tolerate = "0%",
    p99: load_run.P99 = None,
    owned: load_run.Owned = False,
    url: Url = None,
    data: Data = None,
    key: Key = DEFAULT_KEY,
) -> None:
    """Identify users by HTTP, with handsets that answer by themselves, and tell how many, how long, and errors.

    Requests have places for {user}, {number}, {id}, {code} and {state}. Ctrl-C ends it early.
    """
    from gateway.client import find
    from gateway.load import journey, messages
    from gateway.load.identify import IdentifyPlan

    telling = load_run.Telling.read(json, html, tolerate, p99)
    with load_run.rightly(), lab_errors():
        ends = (success or (), failure or ())
        way = journey.Journey.read_options((start, check, read), (id_field, state_field), ends)
        plan = IdentifyPlan(
            find(url, data).url,
            key,
            messages.all_numbers(to or [load_run.DEFAULT_NUMBERS]),
            way,
            handsets and handsets.rstrip("/"),
            code,
            at_once=users,
            shape=load_run.shape(rate, ramp, duration, count),
            patience=millis(patience) / 1000,
        )
    _run(plan, telling, owned=owned)


def _run(plan: "IdentifyPlan", telling: load_run.Telling, *, owned: bool) -> None:
    from gateway.load.identify import IdentifyLoad, UnusableError

    for url in {plan.url, plan.handsets_url or plan.url}:
        load_run.permit(_host(url), owned=owned)
    if plan.users < plan.at_once:
        typer.echo(f"{plan.users} users at once, not {plan.at_once}: each needs a number of its own (--to)", err=True)
    try:
        load = load_run.drive(lambda: IdentifyLoad(plan), plan.users)
    except UnusableError as error:
        fail(str(error))
    load_run.tell(load.result(), telling)


def _host(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise typer.BadParameter(f"{url!r} is no address such as http://127.0.0.1:8080")
    return parts.hostname
