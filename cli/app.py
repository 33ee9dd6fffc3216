"""The `ampledger` command."""

import asyncio
import logging
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn

import structlog
import typer
from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape

from cli import layout, log_commands, notices, people, upkeep
from cli.backup_commands import backup, restore
from cli.bench.commands import bench
from cli.capacity import capacity_command
from cli.chaos.commands import chaos
from cli.client_commands import client
from cli.complaints import telling_complaints
from cli.demo import DemoOptions, run_demo
from cli.dlq import dlq
from cli.faults import EXIT_CODE, StackFault
from cli.first_person import first_person_link
from cli.lag import show_lag
from cli.measured import signed
from cli.measured.readings import show_readings
from cli.migrate_command import migrate
from cli.mqtt_server import Listening, listening_at
from cli.nats_commands import nats
from cli.options import StackOptions
from cli.ports import LOCALHOST, LOOPBACK, claim_port
from cli.proving.commands import prove
from cli.published.commands import docs
from cli.restarting import restart
from cli.services import (
    BALANCERS_MAX,
    GATEWAY_PORT,
    GATEWAYS_MAX,
    PORTAL,
    PORTAL_PORT,
    PORTALS_MAX,
    TELEMETRY,
    services,
)
from cli.setting_up import CommandRefused
from cli.simulating.commands import sim
from cli.stack import Stack
from cli.states import Happening, ProcessEvent
from cli.status import show_status
from cli.subscriber_commands import subscriber
from cli.support.registration import register
from cli.top.watching import show_top
from cli.up import run_stack
from shared.messaging import ServiceUnavailable
from shared.phases import GridType
from simulator.tongues import Version

REFUSED: Final = 1
"""Exit code of a command that a rule turned down."""

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="The open charging cloud: load and phase balancing for chargers of any brand.",
)
app.add_typer(layout.installation, name="installation")
app.add_typer(layout.circuit, name="circuit")
app.add_typer(layout.charger, name="charger")
app.add_typer(layout.meter, name="meter")
app.add_typer(layout.limit, name="limit")
app.add_typer(layout.tariff, name="tariff")
app.add_typer(people.person, name="person")
app.add_typer(people.role, name="role")
app.add_typer(people.group, name="group")
app.add_typer(people.card, name="card")
app.add_typer(people.request, name="request")
app.add_typer(notices.warning, name="warning")
app.add_typer(notices.webhook, name="webhook")
app.add_typer(notices.subscription, name="subscription")
layout.charger.add_typer(people.session)
layout.charger.add_typer(upkeep.upkeep)
layout.certificate.add_typer(upkeep.certificate)
app.add_typer(log_commands.log, name="log")
app.add_typer(bench, name="bench")
app.command("capacity")(capacity_command)
app.add_typer(prove, name="prove")
app.add_typer(subscriber, name="subscriber")
app.add_typer(nats, name="nats")
app.add_typer(client, name="client")
app.add_typer(docs, name="docs")
app.add_typer(dlq, name="dlq")
app.command("chaos")(chaos)
app.command("lag")(show_lag)
app.command("top")(show_top)
app.command("readings")(show_readings)
app.add_typer(signed.app, name="session")
app.command("backup")(backup)
app.command("restore")(restore)
app.command("restart")(restart)
app.command("sim")(sim)
app.command("status")(show_status)
app.command("migrate")(migrate)
register(app, log_commands.log)

console = Console()

Folder = Annotated[Path | None, typer.Option(help="Where everything is kept.")]


def _fail(message: str, hint: str = "", code: int = EXIT_CODE) -> NoReturn:
    errors = Console(stderr=True)
    errors.print(f"[bold red]{message}", highlight=False)
    if hint:
        errors.print(hint, highlight=False)
    raise typer.Exit(code)


def _say_event(event: ProcessEvent) -> None:
    if event.what is Happening.ENDED:
        console.print(f"[yellow]{event.name} ended: {event.reason}; its log: {event.log}")
        for line in event.lines:
            console.print(f"    {line}", markup=False, highlight=False)
    elif event.what is Happening.READY:
        console.print(f"[green]{event.name} is ready")


def _say_complaint(service: str, why: str | None) -> None:
    if why is None:
        console.print(f"[green]the log of {service} is announced again")
    else:
        console.print(f"[bold red]{service}:[/] {escape(why)}", highlight=False)


async def _welcome(stack: Stack, portal_url: str, email: str | None) -> None:
    """Show whoever has started this a link that signs them in."""
    try:
        address = await first_person_link(stack.urls["nats"], portal_url, email=email)
    except (CommandRefused, ServiceUnavailable, ValidationError) as fault:
        console.print(f"[yellow]No sign-in link: {escape(str(fault))}", highlight=False)
        return
    console.print("\n  Sign in, once and within an hour:")
    console.print(f"  [bold link={address}]{address}[/]", soft_wrap=True)


def _listening(port: int | None, host: str) -> Listening | None:
    """Say where meters send to by MQTT, with the certificate that chargers are shown."""
    try:
        return None if port is None else listening_at(port, host, os.environ)
    except ValueError as fault:
        _fail(str(fault))


@app.command()
def up(
    data_folder: Folder = None,
    postgres_port: int = 5433,
    nats_port: int = 4333,
    nats_monitor_port: int = 8333,
    portal_port: int = PORTAL_PORT,
    gateway_port: Annotated[int, typer.Option(help="Where chargers connect.")] = GATEWAY_PORT,
    gateways: Annotated[
        int,
        typer.Option(
            min=1,
            max=GATEWAYS_MAX,
            help="How many processes hold chargers' sockets: at --gateway-port and the ports behind it.",
        ),
    ] = 1,
    balancers: Annotated[
        int,
        typer.Option(min=1, max=BALANCERS_MAX, help="How many share the installations."),
    ] = 1,
    portals: Annotated[
        int,
        typer.Option(
            min=1,
            max=PORTALS_MAX,
            help="How many processes people look at: at --portal-port and the ports behind it.",
        ),
    ] = 1,
    meter_port: Annotated[
        int | None,
        typer.Option(
            help="Where meters at breakers push their readings, on this machine only; default: "
            "nowhere. 9181 is a good choice, 0 any free one."
        ),
    ] = None,
    mqtt_port: Annotated[
        int | None,
        typer.Option(
            help="Where meters at breakers send their readings by MQTT; default: nowhere. 1883 is usual, "
            "0 any free one."
        ),
    ] = None,
    mqtt_host: Annotated[
        str,
        typer.Option(help="Which address MQTT is at; one that others reach needs TLS."),
    ] = LOOPBACK,
    owner_email: Annotated[
        str | None,
        typer.Option(
            envvar="AMPLEDGER_OWNER_EMAIL",
            help="Your address, to sign in with later; counts at the first start.",
        ),
    ] = None,
) -> None:
    """
    Run everything on this machine, until Ctrl-C.

    NATS_URL and DATABASE_URL in the environment replace the embedded servers.
    """
    options = StackOptions(
        data_folder=data_folder,
        postgres_port=postgres_port,
        nats_port=nats_port,
        nats_monitor_port=nats_monitor_port,
        mqtt=_listening(mqtt_port, mqtt_host),
    ).told_by(os.environ)

    def on_up(stack: Stack, late: list[str]) -> None:
        for name in late:
            console.print(f"[yellow]{name} is not ready yet; its log: {stack.log_of(name)}")
        console.print(f"\n  portal    {portal_url}")
        for further in (it.url for it in specs if it.name == PORTAL and it.copy > 1):
            console.print(f"            {further}")
        for it in (it.process for it in specs if it.name == TELEMETRY):
            console.print(f"  chargers  {stack.urls[it]}/SERIAL")
        if meters is not None:
            console.print(f"  meters    http://{LOOPBACK}:{meters}/meters/INSTALLATION/METER")
        if options.mqtt is not None:
            at = replace(options.mqtt, port=stack.ports["mqtt"]).address
            console.print(f"            {at}, topic meters/INSTALLATION/METER")
        console.print(f"  data      {stack.folder}\n\n  Ctrl-C stops it.")
        welcoming.append(asyncio.ensure_future(_welcome(stack, portal_url, owner_email)))

    welcoming: list[asyncio.Future[None]] = []
    try:
        portal_port = claim_port(portal_port, "the portal", "--portal-port")
        portal_url = f"http://{LOCALHOST}:{portal_port}"
        meters = (
            None if meter_port is None else claim_port(meter_port, "meters", "--meter-port")
        )
        specs = services(
            claim_port(gateway_port, "chargers", "--gateway-port"),
            portal_port,
            balancers=balancers,
            meter_port=meters,
            further_gateways=[
                claim_port(gateway_port and gateway_port + it, "chargers", "--gateway-port")
                for it in range(1, gateways)
            ],
            further_portals=[
                claim_port(portal_port and portal_port + it, "the portal", "--portal-port")
                for it in range(1, portals)
            ],
        )

        async def run() -> None:
            async with telling_complaints(data_folder, _say_complaint):
                await run_stack(options, specs, on_event=_say_event, on_up=on_up)

        asyncio.run(run())
    except StackFault as fault:
        _fail(fault.message, fault.hint)


@app.command()
def demo(
    chargers: Annotated[int, typer.Option(min=1, max=500, help="How many bays.")] = 54,
    breaker_a: Annotated[
        float, typer.Option(min=16, max=2000, help="Rating of the main breaker, in amperes.")
    ] = 160.0,
    grid: GridType = GridType.TN_3_PHASE,
    speed: Annotated[
        float, typer.Option(min=0.1, max=600, help="Seconds of the drivers' day a second.")
    ] = 10.0,
    seconds: Annotated[
        float | None, typer.Option(min=5, help="End after so long; default: at Ctrl-C.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="Write the figures there, as JSON.")
    ] = None,
    without_balancer: Annotated[
        bool, typer.Option("--without-balancer", help="Show what happens then.")
    ] = False,
    house: Annotated[
        bool,
        typer.Option(
            "--house",
            help="The rest of a building (synthetic, in steps) draws through the main breaker too.",
        ),
    ] = False,
    protocol: Annotated[
        Version, typer.Option(help="Which version of OCPP the chargers speak.")
    ] = Version.OCPP_16,
    protocol_share: Annotated[
        float,
        typer.Option(min=0, max=1, help="What share of them does; the others speak OCPP 1.6."),
    ] = 1.0,
    switching: Annotated[
        bool, typer.Option("--switching", help="Chargers can go from three phases to one.")
    ] = False,
    kinds: Annotated[
        bool,
        typer.Option("--kinds", help="Chargers of every kind: some can do less than others."),
    ] = False,
    open_browser: Annotated[bool, typer.Option("--open/--no-open")] = sys.stdout.isatty(),
    data_folder: Folder = None,
    portal_port: Annotated[int | None, typer.Option(help="Default: any free one.")] = None,
) -> None:
    """Balance a garage of simulated cars on a busy morning, with real sessions as its drivers."""
    options = DemoOptions(
        chargers=chargers,
        breaker_a=breaker_a,
        grid=grid,
        speed=speed,
        seconds=seconds,
        report=report,
        balanced=not without_balancer,
        switching=switching,
        kinds=kinds,
        open_browser=open_browser,
        data_folder=data_folder,
        portal_port=portal_port,
        house=house,
        protocol=protocol,
        protocol_share=protocol_share,
    )
    try:
        asyncio.run(run_demo(options, console))
    except StackFault as fault:
        _fail(fault.message, fault.hint)


def main() -> None:
    """Run the command; whatever it is told wrong, it says what to do."""
    signal.signal(signal.SIGTERM, _interrupt)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    try:
        app()
    except CommandRefused as refused:
        _exit(str(refused), REFUSED)
    except ServiceUnavailable as fault:
        _exit(f"{fault}\nIs it running? Start it with: ampledger up", EXIT_CODE)
    except ValidationError as error:
        faults = (f"{_place(it)}: {it['msg']}" for it in error.errors())
        _exit("\n".join(faults), REFUSED)


def _interrupt(_: int, __: object) -> None:
    """Whoever is asked to end by another process leaves no more behind than after Ctrl-C."""
    signal.raise_signal(signal.SIGINT)


def _place(fault: Any) -> str:  # noqa: ANN401  # pydantic's error details
    return ".".join(str(part) for part in fault["loc"]) or "command"


def _exit(message: str, code: int) -> NoReturn:
    Console(stderr=True).print(f"[bold red]{escape(message)}", highlight=False, soft_wrap=True)
    sys.exit(code)
