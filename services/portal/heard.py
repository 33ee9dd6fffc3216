"""How far the portal has come in the logs that it follows, and waiting until it has come somewhere."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence

from shared.recorded import Recorded


class Heard:
    """Positions by service. Whoever has changed something waits until it is seen."""

    def __init__(self) -> None:
        self._positions: dict[str, int] = {}
        self._changed = asyncio.Event()
        self.turns: dict[str, int] = {}
        """How often something of a service's log has taken effect."""

    def begin(self, service: str, position: int) -> None:
        """Say how far the portal had come in a log when it started."""
        self._positions[service] = position

    def committed(self, service: str) -> Callable[[Sequence[Recorded]], None]:
        """Make what hears that events of a log took effect."""

        def on_committed(applied: Sequence[Recorded]) -> None:
            self._positions[service] = applied[-1].position
            self.turns[service] = self.turns.get(service, 0) + 1
            self._changed.set()
            self._changed = asyncio.Event()

        return on_committed

    def position(self, service: str) -> int:
        """Name the position of the newest event that has taken effect; 0 if none has."""
        return self._positions.get(service, 0)

    async def beyond(self, turns: Mapping[str, int], wait_s_max: float) -> None:
        """Wait until something has taken effect after these turns, or the time is over."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_s_max):
                while self.turns == turns:
                    await self._changed.wait()

    async def until(self, service: str, position: int, wait_s_max: float) -> bool:
        """Wait until the event at a position has taken effect; tell whether it has, in time."""
        try:
            async with asyncio.timeout(wait_s_max):
                while self.position(service) < position:
                    await self._changed.wait()
        except TimeoutError:
            return False
        return True
