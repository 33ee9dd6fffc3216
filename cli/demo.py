"""
`ampledger demo`: a busy morning in a garage whose breaker cannot feed all its cars.

Everything is real but the cars: servers, services, WebSockets, the log. The simulator is a process of
its own that speaks OCPP to the gateway as chargers do.
"""

import asyncio
import contextlib
import signal
import tempfile
import webbrowser
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson
from nats.aio.msg import Msg
from rich.console import Console
from rich.live import Live

from cli.demo_view import Scoreboard, final_table, picture
from cli.figures import Figures, figures_from_logs, write_report
from cli.first_person import first_person_link
from cli.garages import HOUSE_METER, INSTALLATION_ID, commands, garage
from cli.options import StackOptions
from cli.ports import LOCALHOST, LOOPBACK, free_ports
from cli.services import BALANCER, TELEMETRY, services
from cli.setting_up import CommandRefused, send_all
from cli.simulated import simulated
from cli.stack import Stack
from cli.states import ProcessEvent
from shared import subjects
from shared.messages.balancer import SiteBalance
from shared.messaging import ServiceUnavailable, connect
from shared.phases import GridType
from simulator.garage import bays_for_rogue
from simulator.tongues import OCPP_16

SAMPLE_INTERVAL_S: Final = 3
ROTATION_S: Final = 60
ROTATION_GAP_S: Final = 30
SWITCH_GAP_S: Final = 60
"""In the demo a car makes room after a minute, so that a visitor sees the queue move; and its phases may
be switched again after a minute."""
SIMULATOR_STOP_S: Final = 10.0
REFRESH_S: Final = 1.0
SERVICES_READY_S_MAX: Final = 60.0


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """The scene, and how it is watched."""

    chargers: int = 54
    breaker_a: float = 160.0
    grid: GridType = GridType.TN_3_PHASE
    speed: float = 10.0
    seconds: float | None = None
    report: Path | None = None
    balanced: bool = True
    switching: bool = False
    kinds: bool = False
    open_browser: bool = False
    data_folder: Path | None = None
    portal_port: int | None = None
    protocol: str = OCPP_16
    """Which version of OCPP chargers speak, as WebSockets call it."""
    protocol_share: float = 1.0
    """What share of them does; the others speak OCPP 1.6."""
    house: bool = False
    """The rest of a building draws through the main breaker as well; it is synthetic."""


@dataclass(slots=True)
class _Watch:
    """What is heard while the demo runs."""

    scoreboard: Scoreboard = field(default_factory=Scoreboard)
    decisions_before: int = 0
    decisions_now: int = 0

    @property
    def decisions(self) -> int:
        return self.decisions_before + self.decisions_now

    async def on_balance(self, message: Msg) -> None:
        """Count decisions; a balancer that was restarted counts from the beginning."""
        balance = SiteBalance.model_validate_json(message.data)
        if balance.decisions < self.decisions_now:
            self.decisions_before += self.decisions_now
        self.decisions_now = balance.decisions
        self.scoreboard.balance = balance

    def on_event(self, event: ProcessEvent) -> None:
        self.scoreboard.events.append(event)


async def run_demo(options: DemoOptions, console: Console) -> Figures | None:
    """
    Run the demo until its time is over, or until Ctrl-C.

    Returns:
        The figures, if the run was bounded.

    Raises:
        StackFault: the stack cannot start.
        CommandRefused: the scene asks for a garage that cannot be.
    """
    scene = garage(
        options.chargers,
        options.breaker_a,
        options.grid,
        switching=options.switching,
        house=options.house,
        kinds=options.kinds,
    )
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    gateway_port, free_portal_port, meter_port = free_ports(3)
    portal_port = options.portal_port or free_portal_port
    watch = _Watch()
    with contextlib.ExitStack() as cleanup:
        folder = options.data_folder or _scratch(cleanup)
        stack = Stack(
            StackOptions(data_folder=folder, postgres_port=0, nats_port=0, nats_monitor_port=0),
            services(
                gateway_port,
                portal_port,
                *_told(options),
                meter_port=meter_port if options.house else None,
            ),
            on_event=watch.on_event,
        )
        console.print("Starting NATS, PostgreSQL and the services …")
        async with stack:
            late = await stack.wait_services_ready(SERVICES_READY_S_MAX)
            if late:
                console.print(f"[yellow]not ready yet: {', '.join(late)}")
            await send_all(stack.urls["nats"], commands(scene), actor="demo")
            await _say_address(console, stack.urls["nats"], portal_port, options)
            files = _Files(folder / "run")
            files.scene.write_text(scene.model_dump_json(exclude_none=True))
            with_rogue = bool(bays_for_rogue(scene))
            if not with_rogue:
                console.print(
                    "  Every car obeys: behind breakers this small one that does not would trip "
                    "them\n  within seconds, whoever balances.\n"
                )
            async with (
                _hearing(stack.urls["nats"], watch),
                _simulator(
                    files,
                    gateway_port,
                    meter_port,
                    options,
                    stack.folder / "logs",
                    with_rogue=with_rogue,
                ),
            ):
                await _watch_until(stopping, options, files, watch, console)
            if options.seconds is None and options.report is None:
                return None
            figures = await _figures(stack, options, files, watch)
        if options.report is not None:
            write_report(options.report, figures)
        console.print(final_table(figures))
        return figures


def _told(options: DemoOptions) -> tuple[Mapping[str, Mapping[str, str]], frozenset[str]]:
    env = {
        TELEMETRY: {
            "TELEMETRY_SAMPLE_INTERVAL_S": str(SAMPLE_INTERVAL_S),
            "TELEMETRY_COMMISSIONING": "fail-safe" if options.balanced else "none",
        },
        BALANCER: {
            "BALANCER_ROTATION_S": str(ROTATION_S),
            "BALANCER_ROTATION_GAP_S": str(ROTATION_GAP_S),
            "BALANCER_SWITCH_GAP_S": str(SWITCH_GAP_S),
        },
    }
    return env, frozenset() if options.balanced else frozenset({BALANCER})


def _scratch(cleanup: contextlib.ExitStack) -> Path:
    """A folder that goes with the demo. PostgreSQL may run as another user, who must get in."""
    folder = Path(cleanup.enter_context(tempfile.TemporaryDirectory(prefix="ampledger-demo-")))
    folder.chmod(0o711)
    return folder / "data"


async def _say_address(
    console: Console, nats_url: str, portal_port: int, options: DemoOptions
) -> None:
    """Say where to look, by a link that signs in once: people see only what their roles let them see."""
    portal, path = f"http://{LOCALHOST}:{portal_port}", f"/installations/{INSTALLATION_ID}"
    try:
        address = await first_person_link(nats_url, portal, path, owner_of=(INSTALLATION_ID,))
    except (CommandRefused, ServiceUnavailable) as fault:  # cars charge all the same
        console.print(f"[yellow]No sign-in link: {fault}", highlight=False)
        return
    console.print("\n  Watch it, by a link that signs you in once:\n")
    console.print(f"  [bold link={address}]{address}[/]\n", soft_wrap=True)
    if options.open_browser:
        webbrowser.open(address)


# --- The world outside ---


@dataclass(frozen=True, slots=True)
class _Files:
    """What demo and simulator tell each other."""

    folder: Path

    @property
    def scene(self) -> Path:
        return self.folder / "scene.json"

    @property
    def status(self) -> Path:
        return self.folder / "simulator.json"

    @property
    def report(self) -> Path:
        return self.folder / "simulator-report.json"

    def read(self, file: Path) -> dict[str, Any]:
        if not file.exists():
            return {}
        content = orjson.loads(file.read_bytes())
        return content if isinstance(content, dict) else {}


@contextlib.asynccontextmanager
async def _simulator(
    files: _Files,
    gateway_port: int,
    meter_port: int,
    options: DemoOptions,
    logs: Path,
    *,
    with_rogue: bool,
) -> AsyncIterator[None]:
    """Run the simulator as a process of its own, and let it finish its report at the end."""
    door = f"http://{LOOPBACK}:{meter_port}/meters/{INSTALLATION_ID}/{HOUSE_METER}"
    meter = ("--meter", door) if options.house else ()
    async with simulated(
        *("--scene", str(files.scene), "--gateway", f"ws://{LOOPBACK}:{gateway_port}"),
        *("--speed", str(options.speed), "--report", str(files.report)),
        *("--status", str(files.status), "--rogue", "one" if with_rogue else "none"),
        *("--protocol", options.protocol, "--share", str(options.protocol_share)),
        *meter,
        log=logs / "simulator.log",
        stop_s=SIMULATOR_STOP_S,
    ):
        yield


@contextlib.asynccontextmanager
async def _hearing(nats_url: str, watch: _Watch) -> AsyncIterator[None]:
    client = await connect(nats_url, "ampledger-demo")
    try:
        await client.subscribe(subjects.telemetry_all(SiteBalance), cb=watch.on_balance)
        yield
    finally:
        await client.close()


async def _watch_until(
    stopping: asyncio.Event,
    options: DemoOptions,
    files: _Files,
    watch: _Watch,
    console: Console,
) -> None:
    """Show how it goes, until the time is over or somebody has seen enough."""
    loop = asyncio.get_running_loop()
    ends_s = loop.time() + options.seconds if options.seconds is not None else None
    board = watch.scoreboard
    with Live(console=console, auto_refresh=False, transient=True) as live:
        while not stopping.is_set() and (ends_s is None or loop.time() < ends_s):
            board.world = files.read(files.status)
            board.decisions = watch.decisions
            board.left_s = None if ends_s is None else ends_s - loop.time()
            live.update(picture(board), refresh=True)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), REFRESH_S)


async def _figures(stack: Stack, options: DemoOptions, files: _Files, watch: _Watch) -> Figures:
    world: Figures = files.read(files.report).get("figures", {})
    urls = stack.urls
    logs = await figures_from_logs(
        urls["nats"], urls["database"], watch.decisions, balanced=options.balanced
    )
    return {**logs, **world}
