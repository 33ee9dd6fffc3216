"""Which breakers are nearest to their limits, as balancers draw them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog
from nats.aio.msg import Msg
from pydantic import ValidationError

from cli.support.announced import nats_client
from shared import subjects
from shared.ids import CircuitId, InstallationId
from shared.messages.balancer import SiteBalance

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class BreakerRow:
    """One breaker, on the phase that carries most."""

    installation_id: InstallationId
    circuit_id: CircuitId
    set_a: float
    measured_a: float
    committed_a: float
    """What its cars may draw by what they were promised, other load included."""

    @property
    def load_ratio(self) -> float:
        return self.measured_a / self.set_a if self.set_a > 0 else 0.0


class Nearest:
    """The newest picture of every installation."""

    def __init__(self) -> None:
        self._pictures: dict[InstallationId, SiteBalance] = {}

    async def hear(self, message: Msg) -> None:
        """Take a picture; one that cannot be read is of another version, and passed over."""
        try:
            balance = SiteBalance.model_validate_json(message.data)
        except ValidationError as fault:
            log.warning("picture passed over", why=str(fault))
            return
        self._pictures[balance.installation_id] = balance

    def rows(self, most: int) -> list[BreakerRow]:
        """Name the breakers that carry the largest shares of their limits."""
        found = [
            BreakerRow(name, it.circuit_id, it.set_a, max(it.measured_a), max(it.committed_a))
            for name, balance in self._pictures.items()
            for it in balance.breakers
        ]
        return sorted(found, key=lambda it: -it.load_ratio)[:most]


@asynccontextmanager
async def hearing(nats_url: str | None) -> AsyncIterator[Nearest]:
    """
    Hear the pictures of all installations for as long as the context is open; without NATS there are none.

    Raises:
        ServiceUnavailable: NATS cannot be reached.
    """
    nearest = Nearest()
    if nats_url is None:
        yield nearest
        return
    async with nats_client(nats_url) as client:
        await client.subscribe(subjects.telemetry_all(SiteBalance), cb=nearest.hear)
        yield nearest
