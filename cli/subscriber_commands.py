"""`ampledger subscriber`: services of others that hear of what happens here."""

import asyncio
import difflib
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Annotated, Final, NoReturn, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from cli.composition import masked
from cli.faults import EXIT_CODE, StackFault
from cli.nats_access import (
    Subscriber,
    changing_access,
    new_password,
    open_access,
)
from cli.nats_accounts import services_exports, subscriber_account
from cli.published.language import HEARD
from cli.signing_in import change_access, until_let_in, until_let_out
from cli.subscriber_place import on_nats, place_of, url_of
from cli.subscribers import Standing, provide, provide_again, standings, withdraw
from shared.clock import utc_now
from shared.grants import subscriber_user
from shared.messaging import ServiceUnavailable

NAME_PATTERN: Final = r"[a-z][a-z0-9-]{0,30}[a-z0-9]"
REFUSED: Final = 1

T = TypeVar("T")

subscriber = typer.Typer(
    no_args_is_help=True, help="Services of others that hear of what happens here."
)
console = Console(highlight=False)

Name = Annotated[str, typer.Argument(help="What to call it: small letters, digits, dashes.")]
DataFolder = Annotated[
    Path | None, typer.Option(help="Data folder of the stack; NATS_URL comes first.")
]


@subscriber.command("add")
def add(
    name: Name,
    events: Annotated[
        list[str] | None,
        typer.Option(
            help="Events and readings it may hear, separated by commas; default: all of them."
        ),
    ] = None,
    data_folder: DataFolder = None,
) -> None:
    """Let a service of somebody else's hear; its credentials are shown this once."""
    if not re.fullmatch(NAME_PATTERN, name):
        raise typer.BadParameter(f"{name!r}: take 2 to 32 small letters, digits and dashes")
    kinds = _kinds(events or [])
    place = place_of(data_folder)
    added = Subscriber(name, new_password(), kinds, utc_now())
    if place.folder is not None:
        _let_in(place.folder, added)
    provided: list[str] = []
    if place.nats_url is not None:
        provided = on_nats(place.nats_url, lambda js: provide(js, added.user, kinds))
    if place.folder is None:
        _say_configuration(place.nats_url or "", added)
    else:
        url = place.nats_url and url_of(place.nats_url, added)
        if url:
            folder = place.folder
            _said(lambda: asyncio.run(until_let_in(folder, url, added, provided)))
        _say_credentials(url, added)
    console.print(
        f"  consumer    {added.user}, on "
        f"{', '.join(provided) or 'each of its jetstreams as soon as there is one'}\n"
        f"  hears       {_words(kinds)}\n\ndocs/events.md tells how to go on.",
        soft_wrap=True,
    )


@subscriber.command("list")
def show(data_folder: DataFolder = None) -> None:
    """Show who may hear what, and how far each has come."""
    place = place_of(data_folder)
    rows: dict[str, tuple[str, str]] = {}
    found: Sequence[Standing] = []
    if place.folder is not None:
        store = place.folder / "nats"
        for it in _said(lambda: open_access(store)).subscribers:
            rows[it.user] = (_words(it.kinds), f"{it.added_at:%Y-%m-%d %H:%M}")
    if place.nats_url is not None:
        found = on_nats(place.nats_url, standings)
    for user in {it.user for it in found} - set(rows):
        kinds = [kind for it in found if it.user == user for kind in it.kinds]
        rows[user] = (_words(kinds), "")
    table = Table("subscriber", "hears", "since", "jetstream", "to come")
    for user, (hears, since) in sorted(rows.items()):
        own = [it for it in found if it.user == user]
        jetstreams = "\n".join(it.jetstream for it in own)
        to_come = "\n".join(str(it.behind) for it in own)
        table.add_row(user.removeprefix(subscriber_user("")), hears, since, jetstreams, to_come)
    console.print(table if rows else "nobody yet; ampledger subscriber add NAME")


@subscriber.command("remove")
def remove(name: Name, data_folder: DataFolder = None) -> None:
    """Let a subscriber in no more; it is cut off at once."""
    place = place_of(data_folder)
    gone = None if place.folder is None else _let_out(place.folder, name)
    if place.nats_url is not None:
        on_nats(place.nats_url, lambda js: withdraw(js, subscriber_user(name)))
        if gone is not None:
            url = url_of(place.nats_url, gone)
            _said(lambda: asyncio.run(until_let_out(url)))
    console.print(f"{name} hears nothing any more")
    if place.folder is None:
        console.print(f"Take the account {subscriber_user(name)} out of NATS's configuration.")


@subscriber.command("refresh")
def refresh(data_folder: DataFolder = None) -> None:
    """
    Make the consumers that are missing since a log began a new epoch.

    `ampledger up` does so by itself; on a server that is not ours, somebody has to.
    """
    place = place_of(data_folder)
    if place.nats_url is None:
        raise ServiceUnavailable(f"nothing runs in {place.folder}")
    provided = on_nats(place.nats_url, provide_again)
    for user, jetstreams in sorted(provided.items()):
        console.print(f"{user.removeprefix(subscriber_user(''))}: {', '.join(jetstreams)}")


# --- Who may sign in to the embedded server ---


def _let_in(folder: Path, added: Subscriber) -> None:
    def change() -> None:
        with changing_access(folder / "nats") as access:
            if access.find(added.name) is not None:
                _refuse(
                    f"{added.name} is a subscriber already. For new credentials, remove it "
                    "and add it again: it goes on where it was."
                )
            change_access(folder, access.with_subscriber(added))

    _said(change)


def _let_out(folder: Path, name: str) -> Subscriber:
    def change() -> Subscriber:
        with changing_access(folder / "nats") as access:
            gone = access.find(name)
            if gone is None:
                _refuse(f"{name} is no subscriber; ampledger subscriber list shows them")
            change_access(folder, access.without(name))
            return gone

    return _said(change)


# --- What is said ---


def _say_credentials(url: str | None, added: Subscriber) -> None:
    shown = url or f"nats://{added.user}:{added.password}@HOST:PORT"
    console.print(
        f"[green]{added.name} may subscribe.[/] Its password is shown this once:\n\n"
        f"  NATS_URL    {shown}",
        soft_wrap=True,
    )


def _say_configuration(nats_url: str, added: Subscriber) -> None:
    """Say what somebody else's server must be told; we cannot tell it."""
    console.print(
        f"NATS at {masked(nats_url)} is not ours to configure. Add this to its configuration, "
        "with the services' account in place of SERVICES, and reload it "
        "(nats-server --signal reload). Once, in the account of the services:\n",
        soft_wrap=True,
    )
    console.print(f"    exports: [ {services_exports()} ]", soft_wrap=True, markup=False)
    console.print("\nFor this subscriber, among the accounts:\n")
    account = subscriber_account(added.name, added.password, "SERVICES")
    console.print(account, soft_wrap=True, markup=False)
    console.print("\nIts password is shown this once.\n")


def _words(kinds: Sequence[str]) -> str:
    return ", ".join(kinds) or "all events and readings"


def _refuse(why: str) -> NoReturn:
    Console(stderr=True).print(f"[bold red]{why}", highlight=False)
    raise typer.Exit(REFUSED)


def _said(work: Callable[[], T]) -> T:
    """Do something; what stands in its way is said, with what to do about it."""
    try:
        return work()
    except StackFault as fault:
        errors = Console(stderr=True, highlight=False)
        errors.print(f"[bold red]{fault.message}")
        errors.print(fault.hint)
        raise typer.Exit(EXIT_CODE) from fault


# --- What is asked for ---


def _kinds(given: Iterable[str]) -> tuple[str, ...]:
    names = [it.strip() for part in given for it in part.split(",") if it.strip()]
    for name in names:
        if name not in HEARD:
            near = difflib.get_close_matches(name, HEARD, 1)
            hint = f"; is it {near[0]}?" if near else ""
            raise typer.BadParameter(
                f"{name} is no event or reading{hint} docs/events.md lists them"
            )
    return tuple(dict.fromkeys(names))
