"""How soon every garage is decided about again after a balancer was killed."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final

from nats.aio.msg import Msg

from cli.chaos.yard import Yard
from shared import subjects
from shared.messages.balancer import SiteBalance
from shared.messaging import connect

ON_ITS_WAY_S: Final = 0.05
"""What comes sooner may have been said by the one that was killed."""
WITHIN_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class TakeOver:
    """How long it took, in seconds, until all garages were decided about again, and who was killed when."""

    killed: str
    at_s: float
    """From the start of the run."""
    took_s: float


@dataclass(slots=True)
class Decided:
    """Hears when each garage was decided about last."""

    yard: Yard
    _last_s: dict[str, float] = field(default_factory=dict)

    @contextlib.asynccontextmanager
    async def hearing(self) -> AsyncIterator[None]:
        """Listen, by a connection of our own that no fault is about to hit but those of NATS."""
        client = await connect(self.yard.nats_url, "ampledger-chaos-decided")
        try:
            await client.subscribe(subjects.telemetry_all(SiteBalance), cb=self._on_balance)
            yield
        finally:
            await client.close()

    async def measure(self) -> float:
        """Measure one take-over, which begins now: seconds until the last garage has its next decision."""
        began_s = time.monotonic()
        names = set(self.yard.garages)
        while time.monotonic() < began_s + WITHIN_S:
            await asyncio.sleep(ON_ITS_WAY_S)
            if all(self._last_s.get(it, 0.0) > began_s + ON_ITS_WAY_S for it in names):
                return max(self._last_s[it] for it in names) - began_s
        return WITHIN_S

    async def _on_balance(self, message: Msg) -> None:
        balance = SiteBalance.model_validate_json(message.data)
        self._last_s[balance.installation_id] = time.monotonic()
