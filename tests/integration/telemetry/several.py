"""Gateways as processes of their own, beside the one of the test, on the same database."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from cli.ports import free_ports
from shared.messages.telemetry import ChargerConnected
from tests.integration.telemetry.raw_charger import RawCharger
from tests.integration.telemetry.world import Place, World
from tests.support.databases import ROOT

READY_S_MAX = 40.0
END_S_MAX = 30.0
LOG_TOLD = 4000
"""So many characters of a gateway's log are shown where a test fails."""


@dataclass(frozen=True)
class GatewayProcess:
    """One more gateway."""

    process: asyncio.subprocess.Process
    url: str
    health_url: str

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    async def ended(self) -> int:
        return await asyncio.wait_for(self.process.wait(), END_S_MAX)

    async def ready(self) -> bool:
        """Tell whether it takes chargers."""
        async with httpx.AsyncClient() as http:
            try:
                return (await http.get(self.health_url)).status_code == httpx.codes.OK
            except httpx.TransportError:
                return False


@asynccontextmanager
async def gateway_process(world: World, **told: str) -> AsyncIterator[GatewayProcess]:
    """Run one more gateway on the database of the test, as it is started in earnest."""
    ocpp_port, health_port = free_ports(2)
    settings = world.settings
    environment = {
        **os.environ,
        "NATS_URL": settings.nats_url,
        "DATABASE_URL": settings.database_url,
        "TELEMETRY_OCPP_PORT": str(ocpp_port),
        "AMPLEDGER_HEALTH_PORT": str(health_port),
        "TELEMETRY_NUDGE_AFTER_S": str(settings.nudge_after_s),
        "TELEMETRY_CALL_TIMEOUT_S": str(settings.call_timeout_s),
        **told,
    }
    log = world.servers.folder / f"gateway-{ocpp_port}.log"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "services.telemetry"),
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=output,
        )
    gateway = GatewayProcess(
        process,
        f"ws://127.0.0.1:{ocpp_port}/ocpp",
        f"http://127.0.0.1:{health_port}/health/ready",
    )
    try:
        async with asyncio.timeout(READY_S_MAX):
            while not await gateway.ready():
                assert process.returncode is None, log.read_text()[-2000:]
                await asyncio.sleep(0.05)
        yield gateway
    finally:
        print(log.read_text()[-LOG_TOLD:])  # noqa: T201  # shown where a test fails
        if process.returncode is None:
            process.send_signal(signal.SIGCONT)
            process.kill()
        await process.wait()


async def known_everywhere(world: World, *places: Place) -> None:
    """Wait until every gateway that lives knows of chargers."""

    async def known() -> bool:
        behind = await world.pool.fetchval(
            "select count(*) from gateway g, unnest($1::text[]) serial where not exists ("
            " select from document where key = serial"
            " and kind = case g.number when 1 then 'assigned' else 'assigned-' || g.number end)",
            [it.serial for it in places],
        )
        return bool(behind == 0)

    await world.until(known)


async def accepted_at(world: World, place: Place, charger: RawCharger) -> str:
    """Have a charger that comes back be heard; name the gateway that has accepted it."""
    before = len([it for it in await world.events(place) if isinstance(it, ChargerConnected)])
    await charger.call("Heartbeat", {})
    connected = await world.event(place, ChargerConnected, times=max(1, before))
    return connected.gateway_id


def reading(amperes: float) -> dict[str, Any]:
    value = {"value": str(amperes), "measurand": "Current.Import", "phase": "L1"}
    taken = {"timestamp": "2026-11-22T08:01:00Z", "sampledValue": [value]}
    return {"connectorId": 1, "meterValue": [taken]}
