"""`ampledger nats`: what a NATS server of one's own is told, so that every service reaches its own only."""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from cli.composition import Addresses, masked
from cli.faults import EXIT_CODE, FolderDamaged
from cli.mqtt_server import configuration, listening_at
from cli.nats_accounts import all_accounts, quoted
from cli.nats_keys import drop_former, former_in, keys_in, replace_key, seed_file
from cli.ports import LOOPBACK
from cli.providing import PROVIDE_FAULTS, copies_in, provide_once
from cli.services import (
    BALANCERS_MAX,
    GATEWAY_PORT,
    GATEWAYS_MAX,
    PORTAL_PORT,
    PORTALS_MAX,
    services,
)
from shared.service_grants import COPIES_MAX, OPERATOR, SERVICES

nats = typer.Typer(
    no_args_is_help=True, help="Keys and configuration for a NATS server of your own."
)
console = Console(highlight=False)

MQTT_PORT, MQTT_NATS_PORT = 1883, 4223

Folder = Annotated[
    Path,
    typer.Argument(help="Where the keys are, one file each; it is made if it is not there."),
]


@nats.command("keys")
def keys(
    folder: Folder,
    replace: Annotated[
        list[str] | None,
        typer.Option(help="Whose key is replaced; may be given several times. Both are good."),
    ] = None,
    drop_replaced: Annotated[
        bool, typer.Option("--drop-replaced", help="Forget keys that were replaced.")
    ] = False,
) -> None:
    """
    Make a key for every service and for the operator, where there is none yet.

    To replace one: --replace it, have the server load what `nats config` prints, start the service anew
    with its file, --drop-replaced, and have the server load the configuration again.
    """
    public = _keys(folder)
    if replace or drop_replaced:
        _replace(folder, replace or (), drop_replaced=drop_replaced)
        return
    for name in public:
        console.print(f"{name}: {seed_file(folder, name)}", soft_wrap=True, markup=False)
    console.print(
        "\nGive every service its own file and no other: NATS_NKEY_SEED_FILE. The server gets "
        "none of them, only what `ampledger nats config` prints."
    )


@nats.command("config")
def config(folder: Folder) -> None:
    """Print the accounts for the configuration of a NATS server, from the keys in a folder."""
    public = _keys(folder)
    former = _former(folder)
    operator = [it.pop(OPERATOR) for it in (public, former) if OPERATOR in it]
    text = all_accounts([f"nkey: {quoted(it)}" for it in operator], public, former=former)
    console.print(text, soft_wrap=True, markup=False, end="")


@nats.command("mqtt")
def mqtt(
    folder: Folder,
    host: Annotated[str, typer.Option(help="Which address meters connect to.")] = LOOPBACK,
    port: Annotated[int, typer.Option(help="Which port.")] = MQTT_PORT,
    nats_host: Annotated[
        str, typer.Option(help="Which address telemetry connects to.")
    ] = LOOPBACK,
    nats_port: Annotated[int, typer.Option(help="Which port.")] = MQTT_NATS_PORT,
    store: Annotated[Path, typer.Option(help="Where the server keeps sessions.")] = Path(
        "/var/lib/ampledger-mqtt"
    ),
) -> None:
    """
    Print the configuration of the MQTT server of meters at breakers, a NATS server of its own.

    Its TLS is that of chargers: TELEMETRY_TLS_CERT and TELEMETRY_TLS_KEY. The folder gets two keys, which
    telemetry needs (TELEMETRY_MQTT_KEYS) and the server does not.
    """
    try:
        listening = listening_at(port, host, os.environ)
        text = configuration(folder, store, listening, nats_port, nats_host)
    except (FolderDamaged, OSError, ValueError) as fault:
        _fail(str(fault))
    console.print(text, soft_wrap=True, markup=False, end="")


@nats.command("provide")
def provide(
    balancers: Annotated[
        int, typer.Option(min=1, max=COPIES_MAX, help="How many balancers take part at most.")
    ] = BALANCERS_MAX,
    gateways: Annotated[
        int, typer.Option(min=1, max=COPIES_MAX, help="How many gateways take part at most.")
    ] = GATEWAYS_MAX,
    portals: Annotated[
        int, typer.Option(min=1, max=COPIES_MAX, help="How many portals take part at most.")
    ] = PORTALS_MAX,
) -> None:
    """
    Make the jetstreams and the consumers of all services at NATS_URL and DATABASE_URL, as the operator.

    To be run once the databases are migrated, and again when a jetstream was lost. What is there already
    stays as it is.
    """
    nats_url, database_url = os.environ.get("NATS_URL"), os.environ.get("DATABASE_URL")
    if not nats_url or not database_url:
        _fail("Set NATS_URL and DATABASE_URL to where the operator signs in.")
    further = range(GATEWAY_PORT + 1, GATEWAY_PORT + gateways)
    looked_at = range(PORTAL_PORT + 1, PORTAL_PORT + portals)
    specs = services(balancers=balancers, further_gateways=further, further_portals=looked_at)
    copies = copies_in(specs)
    try:
        asyncio.run(provide_once(Addresses(nats_url, database_url), copies))
    except PROVIDE_FAULTS as fault:
        _fail(f"{masked(nats_url)}, {masked(database_url)}: {fault or type(fault).__name__}")
    console.print(f"Everything is there for {', '.join(copies)}.")


def _keys(folder: Path) -> dict[str, str]:
    try:
        return keys_in(folder, (*SERVICES, OPERATOR))
    except (FolderDamaged, OSError) as fault:
        _fail(str(fault))


def _former(folder: Path) -> dict[str, str]:
    try:
        return former_in(folder, (*SERVICES, OPERATOR))
    except (FolderDamaged, OSError) as fault:
        _fail(str(fault))


def _replace(folder: Path, names: Sequence[str], *, drop_replaced: bool) -> None:
    known = (*SERVICES, OPERATOR)
    if unknown := [it for it in names if it not in known]:
        _fail(f"There is no service {unknown[0]}; there are {', '.join(known)}.")
    try:
        for it in drop_former(folder, known) if drop_replaced else ():
            console.print(f"{it}: its former key is good no more, once the server knows")
        for it in names:
            replace_key(folder, it)
            console.print(
                f"{it}: a new key is in {seed_file(folder, it)}, and the former one is good still",
                soft_wrap=True,
                markup=False,
            )
    except (FolderDamaged, OSError) as fault:
        _fail(str(fault))
    except KeyError as fault:
        _fail(str(fault.args[0]))
    console.print("\nHave the server load what `ampledger nats config` prints now.")


def _fail(why: str) -> NoReturn:
    Console(stderr=True, highlight=False).print(why, style="bold red", markup=False)
    raise typer.Exit(EXIT_CODE)
