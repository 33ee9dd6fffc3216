"""
A small garage with everything real but its cars: the parts of the demo, for tests that kill them.

    async with SmallGarage(folder).running() as garage:
        async with garage.cars():
            ...
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import asyncpg
import httpx
import orjson

from cli.composition import service_database_url
from cli.garages import INSTALLATION_ID, commands, garage
from cli.options import StackOptions
from cli.ports import free_ports
from cli.services import BALANCER, INSTALLATION, TELEMETRY, services
from cli.setting_up import CommandRefused, send
from cli.simulated import simulated
from cli.stack import PROJECT, Stack
from shared import subjects
from shared.clock import utc_now
from shared.commands import UNAVAILABLE
from shared.context import Context
from shared.event_store import EventStore
from shared.ids import new_id
from shared.messages import Answer
from shared.messages.installation_commands import InstallationCommand
from shared.messages.permissions import (
    PLATFORM,
    GrantPlatformRole,
    GrantRole,
    PlatformRole,
    Role,
)
from shared.messaging import ServiceUnavailable, connect, request
from shared.phases import GridType
from shared.relay import EVENT_ID_HEADER
from shared.runtime import pool_of
from simulator.scene import Scene
from tests.support.permissions_process import sign_in
from tests.support.waiting import until

CHARGERS: Final = 8
BREAKER_A: Final = 32.0
SPEED: Final = 10.0
OWNERS: Final = (INSTALLATION, TELEMETRY, BALANCER)
"""The services that own a log."""
READY_S_MAX: Final = 120.0
SIMULATOR_STOP_S: Final = 20.0

_TOLD: Final = {
    TELEMETRY: {"TELEMETRY_SAMPLE_INTERVAL_S": "2"},
    BALANCER: {
        "BALANCER_LEASE_S": "30",
        "BALANCER_ROTATION_S": "10",
        "BALANCER_ROTATION_GAP_S": "5",
    },
}
"""Everything that takes turns does so quickly, so that limits never rest for long."""

_AWAY: Final = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError)
"""What is seen of a database whose server has just been killed."""


class SmallGarage:
    """The garage of one data folder; it may be started several times, on the same ports."""

    def __init__(
        self,
        folder: Path,
        balancers: int = 1,
        gateways: int = 1,
        project: Path = PROJECT,
    ) -> None:
        self.balancers = balancers
        self.project = project
        self.data = folder / "data"
        self.files = folder
        self.scene = garage(CHARGERS, BREAKER_A, GridType.TN_3_PHASE)
        self.gateway_port, self.portal_port, *behind = free_ports(2 + gateways)
        self.gateway_ports = [self.gateway_port] if gateways == 1 else behind
        """Several gateways are behind a load balancer, at the port where cars go."""
        self.stack = self._new_stack()
        self._cookies: dict[str, str] = {}

    def _new_stack(self) -> Stack:
        return Stack(
            StackOptions(
                data_folder=self.data, postgres_port=0, nats_port=0, nats_monitor_port=0
            ),
            services(
                self.gateway_ports[0],
                self.portal_port,
                _TOLD,
                balancers=self.balancers,
                further_gateways=self.gateway_ports[1:],
            ),
            project=self.project,
        )

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run servers and services; all of them are ready inside."""
        self.stack = self._new_stack()
        async with self.stack:
            assert await self.stack.wait_services_ready(READY_S_MAX) == []
            yield

    def set_up(self) -> list[InstallationCommand]:
        """Name the commands that set the garage up."""
        return list(commands(self.scene))

    # --- Cars ---

    @contextlib.asynccontextmanager
    async def cars(
        self, scene: Scene | None = None, name: str = INSTALLATION_ID
    ) -> AsyncIterator[None]:
        """
        Run the simulator as a process of its own; at the end its report is there.

        Args:
            scene: what is simulated, if it is another installation on the same servers.
            name: of that installation.
        """
        file = self.files / f"{name}.json"
        file.write_text((scene or self.scene).model_dump_json(exclude_none=True))
        async with simulated(
            *("--rogue", "none", "--scene", str(file), "--speed", str(SPEED)),
            *("--gateway", f"ws://127.0.0.1:{self.gateway_port}"),
            *("--report", str(self._report(name))),
            log=self.files / f"{name}.log",
            stop_s=SIMULATOR_STOP_S,
        ) as process:
            yield
            assert process.returncode is None, "the simulator ended by itself"

    def _report(self, name: str) -> Path:
        return self.files / f"{name}-report.json"

    def world(self, name: str = INSTALLATION_ID) -> dict[str, float | None]:
        """Read what the breakers really carried, after the cars have left."""
        report = orjson.loads(self._report(name).read_bytes())["figures"]
        return {name: it["value"] for name, it in report.items()}

    # --- Logs ---

    def database_url(self, owner: str) -> str:
        return service_database_url(self.stack.urls["database"], owner)

    async def recorded(self, owner: str, types: Iterable[str], since: datetime) -> int:
        """Count a log's events of some types since a moment; 0 while nobody can be asked."""
        try:
            connection = await asyncpg.connect(self.database_url(owner), timeout=5)
            try:
                found = await connection.fetchval(
                    "select count(*) from event_log where type = any($1) and recorded_at > $2",
                    list(types),
                    since,
                )
            finally:
                await connection.close()
        except (*_AWAY, TimeoutError):
            return 0
        return int(found)

    async def limits_flow(self, within_s: float) -> None:
        """Wait until a limit that is announced from now on is confirmed by its charger."""
        since = utc_now()

        async def flowing() -> tuple[int, int]:
            announced = ("CurrentLimitAllocated", "LeasesRenewed")
            return (
                await self.recorded(BALANCER, announced, since),
                await self.recorded(TELEMETRY, ["CurrentLimitApplied"], since),
            )

        await until(flowing, all, within_s)

    async def announced(self, owner: str) -> list[str]:
        """Read the event ids that a jetstream holds, in the order of its sequences."""
        client = await connect(self.stack.urls["nats"], "test-announced")
        try:
            js, name = client.jetstream(), subjects.jetstream_of(owner)
            last = (await js.stream_info(name)).state.last_seq
            messages = [await js.get_msg(name, seq=it) for it in range(1, last + 1)]
            return [(it.headers or {})[EVENT_ID_HEADER] for it in messages]
        finally:
            await client.close()

    async def all_announced(self, within_s: float) -> None:
        """Wait until every jetstream has come to the end of its log."""

        async def behind() -> dict[str, int]:
            client = await connect(self.stack.urls["nats"], "test-behind")
            try:
                js = client.jetstream()
                ends = {
                    it: (await js.stream_info(subjects.jetstream_of(it))).state.last_seq
                    for it in OWNERS
                }
            finally:
                await client.close()
            return {it: await self._head(it) - end for it, end in ends.items()}

        await until(behind, lambda it: not any(it.values()), within_s)

    async def _head(self, owner: str) -> int:
        async with pool_of(self.database_url(owner)) as pool:
            return await EventStore(pool).head()

    # --- What people do ---

    async def command(self, command: InstallationCommand, within_s: float) -> Answer:
        """Send a command, under its one id, until it is accepted."""
        loop = asyncio.get_running_loop()
        deadline_s = loop.time() + within_s
        client = await _connected(self.stack.urls["nats"], deadline_s)
        try:
            while True:
                try:
                    return await send(client, command, "test")
                except ServiceUnavailable:
                    assert loop.time() < deadline_s, f"nobody takes {command}"
                except CommandRefused as refused:
                    if refused.answer.refusal != UNAVAILABLE:
                        raise
                    assert loop.time() < deadline_s, f"no log takes {command}"
        finally:
            await client.close()

    @property
    def cookies(self) -> dict[str, str]:
        """Of whoever looks, once the portal has been asked for the first time."""
        return dict(self._cookies)

    async def shown(self) -> dict[str, Any]:
        """Ask the portal for the installation, as support does; empty while it does not answer."""
        url = f"http://127.0.0.1:{self.portal_port}"
        async with httpx.AsyncClient(base_url=url) as http:
            try:
                if not self._cookies:
                    await self._sign_in(http)
                http.cookies.update(self._cookies)
                answer = await http.get(f"/api/installations/{INSTALLATION_ID}")
            except httpx.TransportError:
                return {}
        if answer.status_code != httpx.codes.OK:
            return {}
        content: dict[str, Any] = answer.json()
        return content

    async def owner_signed_in(self, within_s: float) -> dict[str, str]:
        """Have somebody sign in who owns the garage; returns the cookies."""
        await until(self.shown, bool, within_s)
        client = await connect(self.stack.urls["nats"], "test-owner")
        try:
            grant = GrantRole(
                command_id=new_id(),
                installation_id=INSTALLATION_ID,
                grantee="person/support",
                role=Role.OWNER,
            )
            subject = subjects.command(GrantRole, INSTALLATION_ID)
            answer = await request(client, grant, subject, Context("operator", new_id()))
            assert answer.accepted, answer
        finally:
            await client.close()
        return self.cookies

    async def _sign_in(self, http: httpx.AsyncClient) -> None:
        """Have somebody of support sign in, who stays signed in."""
        client = await connect(self.stack.urls["nats"], "test-sign-in")
        try:
            await sign_in(http, client, "support")
            support = GrantPlatformRole(
                command_id=new_id(), grantee="person/support", role=PlatformRole.SUPPORT
            )
            subject = subjects.command(GrantPlatformRole, PLATFORM)
            granted = await request(client, support, subject, Context("operator", new_id()))
            assert granted.accepted, granted
        finally:
            await client.close()
        self._cookies = dict(http.cookies)


async def _connected(nats_url: str, deadline_s: float) -> Any:
    """Connect as soon as the server is there."""
    loop = asyncio.get_running_loop()
    while True:
        try:
            return await connect(nats_url, "test-command")
        except (OSError, asyncio.TimeoutError):  # noqa: UP041  # nats-py has one of its own
            assert loop.time() < deadline_s, "NATS cannot be reached"
            await asyncio.sleep(0.2)
