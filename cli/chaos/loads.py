"""What the main breakers of the garages carry from second to second, by what the simulators write."""

import asyncio
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from cli.chaos.yard import Yard

EVERY_S: Final = 1.0


@dataclass(slots=True)
class Loads:
    """What was seen so far."""

    yard: Yard
    began_s: float = field(default_factory=time.monotonic)
    carried: dict[str, list[tuple[float, float, float]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    """By garage: seconds from the start, amperes on the fullest line of its main breaker, its rating."""

    async def watch(self) -> None:
        """Look until cancelled."""
        while True:
            at_s = time.monotonic() - self.began_s
            for name in self.yard.garages:
                if (main := _main(self.yard, name)) is not None:
                    seen = (round(at_s, 1), max(main["measured_a"]), main["rating_a"])
                    self.carried[name].append(seen)
            await asyncio.sleep(EVERY_S)


def carried_a(yard: Yard, name: str) -> float:
    """Say what the fullest line of a garage's main breaker carries at present, in amperes."""
    main = _main(yard, name)
    return 0.0 if main is None else float(max(main["measured_a"]))


def _main(yard: Yard, name: str) -> dict[str, Any] | None:
    """Read of a main breaker; nothing before the simulator has written for the first time."""
    file = yard.status_file(name)
    if not file.exists():
        return None
    main: dict[str, Any] = orjson.loads(file.read_bytes())["breakers"][0]
    return main
