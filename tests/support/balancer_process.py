"""Balancers as processes of their own, to be stopped, paused and killed."""

import asyncio
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.support.databases import ROOT
from tests.support.servers import EmbeddedServers

END_S_MAX = 15.0

TOLD = {"BALANCER_LEASE_S": "30", "BALANCER_ROTATION_S": "10", "BALANCER_ROTATION_GAP_S": "5"}
"""Turns are short, so that limits never rest for long."""


@dataclass(frozen=True, slots=True)
class BalancerProcess:
    """A running balancer."""

    process: asyncio.subprocess.Process
    log: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    async def ended(self) -> int:
        """Wait for its end; returns its exit code."""
        return await asyncio.wait_for(self.process.wait(), END_S_MAX)

    async def stop(self) -> int:
        """Ask it to stop, whatever state it is in."""
        if self.process.returncode is None:
            self.signal(signal.SIGCONT)
            self.signal(signal.SIGTERM)
        return await self.ended()


async def start_balancer(
    servers: EmbeddedServers, database_url: str, name: str
) -> BalancerProcess:
    """Start a balancer; it takes part some seconds later."""
    log = servers.folder / f"{name}.log"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "services.balancer"),
            cwd=ROOT,
            env=os.environ
            | TOLD
            | {"NATS_URL": servers.nats_url, "DATABASE_URL": database_url},
            stdout=output,
            stderr=output,
        )
    return BalancerProcess(process, log)
