"""Everything that `ampledger up` starts, and garages that are added while it runs."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import asyncpg

from cli.bench.gateway.place import FAIL_SAFE_A, fill, layout_of, past_of
from cli.bench.place import Place, open_store, scratch
from cli.composition import service_database_url
from cli.options import StackOptions
from cli.ports import free_ports
from cli.services import BALANCER, INSTALLATION, PORTAL, TELEMETRY, services
from cli.stack import Stack
from shared.messages import Event
from shared.messages.installation import ChargerAssigned

GARAGE_OF: Final = 30
BREAKER_A: Final = 400
"""All fail-safes fit half of it, as they have to; what all cars could take is more than twice of it."""
READY_S_MAX: Final = 120.0
HEARD_S_MAX: Final = 180.0
FOLLOWERS: Final = (TELEMETRY, BALANCER, PORTAL)
assert GARAGE_OF * FAIL_SAFE_A * 2 <= BREAKER_A  # noqa: S101  # what installation would refuse is not measured


class NotUp(Exception):
    """The stack is not ready, or does not hear of its garages: there is nothing to measure."""


@dataclass(frozen=True, slots=True)
class Building:
    """
    The running stack.

    Args:
        stack: its servers and services.
        gateways: where chargers connect.
    """

    stack: Stack
    gateways: Sequence[str]

    @property
    def place(self) -> Place:
        return Place(self.stack.urls["nats"], self.stack.urls["database"])

    def pids(self) -> Mapping[str, int]:
        """Name the processes, by what the supervisor calls them."""
        return {it.name: it.pid for it in self.stack.states().values() if it.pid is not None}

    async def add(self, numbers: range) -> list[str]:
        """
        Add chargers, garage by garage, which were commissioned before; returns their serials.

        Raises:
            NotUp: somebody who follows does not hear of them.
        """
        layout = list(layout_of(numbers, GARAGE_OF, BREAKER_A))
        assigned = [it for it in layout if isinstance(it, ChargerAssigned)]
        await self.tell(
            INSTALLATION, [(f"installation-{it.aggregate_id}", it) for it in layout]
        )
        await self.tell(TELEMETRY, list(past_of(assigned)))
        return [it.serial for it in assigned]

    async def tell(self, owner: str, told: Sequence[tuple[str, Event]]) -> None:
        """
        Append to a service's log, and wait until who follows it has heard.

        Raises:
            NotUp: somebody has not, in a long time.
        """
        url = service_database_url(self.place.database_url, owner)
        async with open_store(url) as (pool, store):
            await fill(store, told)
            position = await pool.fetchval("select position from log_head")
        for follower in FOLLOWERS:
            if follower != owner:
                await self._until_heard(follower, owner, position)

    async def _until_heard(self, follower: str, owner: str, position: int) -> None:
        url = service_database_url(self.place.database_url, follower)
        connection = await asyncpg.connect(url)
        try:
            async with asyncio.timeout(HEARD_S_MAX):
                while True:
                    heard = await connection.fetchval(
                        "select min(position) from cursor where service = $1", owner
                    )
                    if heard is not None and heard >= position:
                        return
                    await asyncio.sleep(0.2)
        except TimeoutError as fault:
            raise NotUp(f"{follower} does not keep up with the log of {owner}") from fault
        finally:
            await connection.close()


@contextlib.asynccontextmanager
async def building(gateways: int, balancers: int) -> AsyncIterator[Building]:
    """
    Run everything in a temporary folder while the context is open.

    Raises:
        StackFault: the servers do not start.
        NotUp: the services are not ready in time.
    """
    with scratch() as folder:
        portal_port, first, *further = free_ports(gateways + 1)
        specs = services(first, portal_port, balancers=balancers, further_gateways=further)
        options = StackOptions(
            data_folder=folder, postgres_port=0, nats_port=0, nats_monitor_port=0
        )
        async with Stack(options, specs) as stack:
            late = await stack.wait_services_ready(READY_S_MAX)
            if late:
                raise NotUp(f"not ready in time: {', '.join(late)}")
            urls = [it.url for it in specs if it.name == TELEMETRY and it.url is not None]
            yield Building(stack, urls)
