"""
From a charger's reading to the limit at another charger's socket.

Every car draws what its charger was last told, and every charger tells so at its own moment. At the first
charger of each garage the car now and then draws more, which only a reading shows: then the others of that
garage have to make room. The time runs until the first of them has been told less.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from cli.bench.gateway.charger import Charger

FAIL_SAFE_A: Final = 6.0
"""What a car draws before its charger has heard of a limit."""
LESS_A: Final = 0.2
"""A limit that is lower by so much is another one, not rounded otherwise."""


@dataclass(slots=True)
class _Garage:
    """What is measured at one garage."""

    swung_at_s: float | None = None
    """When the reading was sent that nobody has been told less for yet."""
    took_ms: list[float] = field(default_factory=list)
    missed: int = 0
    """Swings after which nobody was told less before the next reading."""


class Swings:
    """Measures swings at the chargers of this process."""

    def __init__(self) -> None:
        self._limits_a: dict[str, float] = {}
        self._garages: dict[str, _Garage] = {}
        """By the serial of every charger but the first of its garage."""

    def on_limit(self, charger: Charger, limit_a: float, at_s: float) -> None:
        """A charger was told a limit."""
        before_a = self._limits_a.get(charger.serial)
        self._limits_a[charger.serial] = limit_a
        garage = self._garages.get(charger.serial)
        if garage is None or garage.swung_at_s is None or before_a is None:
            return
        if limit_a < before_a - LESS_A:
            garage.took_ms.append((at_s - garage.swung_at_s) * 1e3)
            garage.swung_at_s = None

    async def measure(
        self,
        chargers: Sequence[Charger],
        garage_of: int,
        swing_a: float,
        every_s: float,
        settle_s: float,
        seconds: float,
        swing_every: int = 2,
    ) -> tuple[list[float], int]:
        """
        Have every charger tell readings, and every garage swing.

        Args:
            chargers: garage by garage.
            garage_of: how many chargers each has.
            swing_a: how much more the car at the first one draws.
            every_s: how often each charger tells a reading.
            settle_s: how long nobody swings.
            seconds: for how long after that.
            swing_every: which of the first one's readings is a swing; by default every other one.

        Returns:
            How long it took after each swing, in milliseconds, and after how many nobody was told less.
        """
        begin_s = time.monotonic() + settle_s
        end_s = begin_s + seconds
        garages = [_Garage() for _ in range(0, len(chargers), garage_of)]
        for number, charger in enumerate(chargers):
            if number % garage_of:
                self._garages[charger.serial] = garages[number // garage_of]

        async def tell(number: int, charger: Charger) -> None:
            # The golden ratio spreads the moments of garages, and of those within one, evenly.
            await asyncio.sleep(every_s * (number * 0.618034 % 1.0))
            swings = number % garage_of == 0
            count = number // garage_of
            """Garages do not swing all with the same reading."""
            while time.monotonic() < end_s:
                current_a = self._limits_a.get(charger.serial, FAIL_SAFE_A)
                count += 1
                up = swings and count % swing_every == 0 and time.monotonic() >= begin_s
                garage = garages[number // garage_of]
                if swings and garage.swung_at_s is not None:
                    garage.missed, garage.swung_at_s = garage.missed + 1, None
                if up:
                    garage.swung_at_s = time.monotonic()
                await charger.read(current_a + (swing_a if up else 0.0))
                await asyncio.sleep(every_s)

        await asyncio.gather(*(tell(*it) for it in enumerate(chargers)))
        self._garages.clear()
        took_ms = [it for garage in garages for it in garage.took_ms]
        return took_ms, sum(it.missed for it in garages)
