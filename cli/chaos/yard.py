"""
The yard: the whole stack, with a line between any two parts of it, and several garages with their cars.

Every service reaches NATS and PostgreSQL by lines of its own, named as the process and the server
(`balancer-2-nats`); chargers reach the gateways by one line, `chargers`, which spreads them, and meters the
first gateway by `meters`.
"""

import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import orjson

from cli.chaos.lines import Lines, lines
from cli.chaos.set_clock import clock_environment, library
from cli.chaos.small_disk import SmallDisk, small_disk
from cli.composition import Addresses, ServiceSpec, service_database_url
from cli.garages import HOUSE_METER, commands, garage
from cli.options import StackOptions
from cli.ports import LOOPBACK, free_ports
from cli.services import (
    BALANCER,
    INSTALLATION,
    NOTIFICATIONS,
    PERMISSIONS,
    PORTAL,
    TELEMETRY,
    services,
)
from cli.simulated import simulated
from cli.stack import PROJECT, Stack
from cli.states import Listener
from shared.messages.installation_commands import InstallationCommand
from shared.phases import GridType
from simulator.ocpp2.tongue import OCPP_21
from simulator.scene import Scene

BALANCERS: Final = 2
GATEWAYS: Final = 2
BAYS: Final = 8
BREAKER_A: Final = 32.0
SPEED: Final = 10.0
NEWER_SHARE: Final = 0.25
"""What share of chargers speaks OCPP 2.1; the others speak 1.6."""
SIMULATOR_STOP_S: Final = 20.0
LEASE_S: Final = 30
"""The shortest that a balancer may give: limits end within a run when nobody renews them."""
NATS, POSTGRES = "nats", "postgres"
CHARGERS, METERS = "chargers", "meters"
HOUSE_EVERY: Final = 3
"""Every so manieth garage has a house behind its main breaker, and a meter."""
HOUSE_SHARE: Final = 0.12
"""What of the main breaker a house draws at most. It may rise while nobody can tell chargers, until their
limits end; a breaker holds 1.13 times its rating for ever (IEC 60898-1)."""
PROCESSES: Final = (
    INSTALLATION,
    PERMISSIONS,
    TELEMETRY,
    f"{TELEMETRY}-2",
    BALANCER,
    f"{BALANCER}-2",
    NOTIFICATIONS,
    PORTAL,
)
"""The processes of services."""
PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    it: (it, f"{it}-{NATS}", f"{it}-{POSTGRES}") for it in PROCESSES
}
"""What is of one service alone: itself, and its lines."""
LINES: Final = (*(line for _, *its in PARTS.values() for line in its), CHARGERS, METERS)

_TOLD: Final = {
    TELEMETRY: {"TELEMETRY_SAMPLE_INTERVAL_S": "2"},
    BALANCER: {
        "BALANCER_LEASE_S": str(LEASE_S),
        "BALANCER_ROTATION_S": "15",
        "BALANCER_ROTATION_GAP_S": "5",
    },
}
"""Everything that takes turns does so quickly, so that limits never rest for long."""


def garage_names(count: int) -> list[str]:
    """Name the garages of a yard."""
    return [f"garage-{it}" for it in range(1, count + 1)]


def scene_of(number: int) -> Scene:
    """Draw one of several garages: its chargers are no other's, of several kinds, and cars differ."""
    drawn = garage(BAYS, BREAKER_A, GridType.TN_3_PHASE, kinds=number % 2 == 0)
    chargers = [
        it.model_copy(
            update={
                "charger_id": f"g{number}-{it.charger_id}",
                "serial": f"AMP{number}{bay:05}",
            }
        )
        for bay, it in enumerate(drawn.chargers)
    ]
    house_a = BREAKER_A * HOUSE_SHARE if number % HOUSE_EVERY == 0 else None
    return drawn.model_copy(
        update={"chargers": tuple(chargers), "seed": number, "house_a": house_a}
    )


class SimulatorEnded(Exception):
    """Chargers and cars have ended by themselves."""


@dataclass(slots=True)
class Yard:
    """
    A running yard.

    Args:
        stack: servers and services.
        lines: between them.
        folder: where all of it is.
        garages: names of the installations, and their scenes.
        chargers_port: where chargers come to a gateway.
        meters_port: where meters push what they show.
        disk: with the data folder, if it can be filled.
        clocks: the folder of the clocks of processes, if they can be set.
        forgotten: from when to when what was acknowledged may be lost, by the monotonic clock.
        hit: what is under a fault, by name of process or line, and by how many.
        simulators: which process has the cars and chargers of a garage, while there are any.
    """

    stack: Stack
    lines: Lines
    folder: Path
    garages: Mapping[str, Scene]
    chargers_port: int
    meters_port: int
    disk: SmallDisk | None = None
    clocks: Path | None = None
    forgotten: list[tuple[float, float]] = field(default_factory=list)
    hit: Counter[str] = field(default_factory=Counter)
    simulators: dict[str, int] = field(default_factory=dict)

    @property
    def nats_url(self) -> str:
        """Where the runner reaches NATS, by no line."""
        return self.stack.urls["nats"]

    def database_url(self, service: str) -> str:
        """Where the runner reaches a service's database, by no line."""
        return service_database_url(self.stack.urls["database"], service)

    def pid(self, process: str) -> int | None:
        """Say which process it is at present; none while it does not run."""
        return self.stack.states()[process].pid

    def world(self, name: str) -> dict[str, float | None]:
        """Read what the breakers of a garage really carried, after the cars have left."""
        report = orjson.loads(_report(self.folder, name).read_bytes())["figures"]
        return {figure: it["value"] for figure, it in report.items()}

    def status_file(self, name: str) -> Path:
        """Name the file in which the simulator of a garage says every second what is going on."""
        return self.folder / f"{name}-status.json"

    def set_up(self) -> list[InstallationCommand]:
        """Name the commands that set the garages up."""
        return [it for name, scene in self.garages.items() for it in commands(scene, name)]


@contextlib.asynccontextmanager
async def yard(
    folder: Path,
    garages: int,
    on_event: Listener,
    *,
    own_disk: bool = False,
    own_clocks: bool = False,
) -> AsyncIterator[Yard]:
    """
    Start the stack with its lines; no cars yet.

    Args:
        folder: an empty one for everything.
        garages: how many.
        on_event: told what happens to processes.
        own_disk: its data are on a disk that can be filled, where the machine lets us.
        own_clocks: the clocks of its processes can be set, where there is libfaketime.

    Raises:
        StackFault: it does not start.
    """
    nats_port, postgres_port, portal_port, meter_port, *gateways = free_ports(4 + GATEWAYS)
    begins: dict[str, int] = {}
    servers = {NATS: nats_port, POSTGRES: postgres_port}
    ends = {CHARGERS: gateways, METERS: [meter_port]}
    faketime = library() if own_clocks else None
    clocks = None if faketime is None else folder / "clocks"
    if clocks is not None:
        clocks.mkdir()

    def by_lines(spec: ServiceSpec, addresses: Addresses) -> Addresses:
        told = dict(addresses.told)
        if faketime is not None and clocks is not None:
            clock = clock_environment(clocks, spec.process, faketime)
            told[spec.name] = {**told.get(spec.name, {}), **clock}
        return replace(
            addresses,
            told=told,
            nats_url=at_port(addresses.nats_url, begins[f"{spec.process}-{NATS}"]),
            database_url=at_port(addresses.database_url, begins[f"{spec.process}-{POSTGRES}"]),
        )

    stack = Stack(
        StackOptions(
            data_folder=folder / "data",
            postgres_port=postgres_port,
            nats_port=nats_port,
            nats_monitor_port=0,
        ),
        services(
            gateways[0],
            portal_port,
            _TOLD,
            meter_port=meter_port,
            balancers=BALANCERS,
            further_gateways=gateways[1:],
        ),
        on_event=on_event,
        reached=by_lines,
    )
    scenes = {name: scene_of(it) for it, name in enumerate(garage_names(garages), start=1)}
    async with contextlib.AsyncExitStack() as around:
        laid = await around.enter_async_context(lines(str(PROJECT)))
        for name in LINES:
            to = ends.get(name) or [servers[name.rpartition("-")[2]]]
            begins[name] = await laid.lay(name, 0, to, frames=name == CHARGERS)
        disk = small_disk(folder / "data") if own_disk else contextlib.nullcontext()
        filled = await around.enter_async_context(disk)
        await around.enter_async_context(stack)
        doors = begins[CHARGERS], begins[METERS]
        yield Yard(stack, laid, folder, scenes, *doors, disk=filled, clocks=clocks)


def at_port(url: str, port: int) -> str:
    """
    Have a URL lead to another port of this machine.

    >>> at_port("nats://me:secret@127.0.0.1:4222", 41000)
    'nats://me:secret@127.0.0.1:41000'
    """
    parts = urlsplit(url)
    login, at, _ = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{login}{at}{LOOPBACK}:{port}"))


@contextlib.asynccontextmanager
async def cars(yard: Yard, name: str) -> AsyncIterator[None]:
    """
    Run the simulator of a garage as a process of its own; at the end its report is there.

    Raises:
        SimulatorEnded: it has ended by itself meanwhile.
    """
    file = yard.folder / f"{name}.json"
    file.write_text(yard.garages[name].model_dump_json(exclude_none=True))
    log = yard.folder / f"{name}.log"
    door = f"http://{LOOPBACK}:{yard.meters_port}/meters/{name}/{HOUSE_METER}"
    meter = () if yard.garages[name].house_a is None else ("--meter", door)
    async with simulated(
        *("--rogue", "none", "--scene", str(file), "--speed", str(SPEED)),
        *("--gateway", f"ws://{LOOPBACK}:{yard.chargers_port}"),
        *("--protocol", OCPP_21, "--share", str(NEWER_SHARE)),
        *meter,
        *("--report", str(_report(yard.folder, name))),
        *("--status", str(yard.status_file(name))),
        log=log,
        stop_s=SIMULATOR_STOP_S,
    ) as process:
        yard.simulators[name] = process.pid
        yield
        del yard.simulators[name]
        if process.returncode is not None:
            raise SimulatorEnded(f"the cars of {name} have ended: see {log}")


def _report(folder: Path, name: str) -> Path:
    return folder / f"{name}-report.json"
