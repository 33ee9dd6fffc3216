"""
How soon who was hit is ready again, once what it depends on is back.

A service depends on NATS and PostgreSQL, and on its lines to them. Its clock runs while nothing of that
is away, it is not under a fault itself, and it is not ready; what counts is the longest such time.
Whether it is ready it says itself (`/health/ready`), asked ten times a second.
"""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from cli.chaos.yard import NATS, POSTGRES, PROCESSES, Yard
from cli.composition import health_url
from cli.states import Step
from cli.web import fetch

POLL_S: Final = 0.1


@dataclass(slots=True)
class Recoveries:
    """What has been seen so far."""

    yard: Yard
    hit: Counter[str] = field(default_factory=Counter)
    """What is under a fault, by name of process or line, and by how many."""
    worst_s: dict[str, float] = field(default_factory=dict)
    """The longest recovery of every service."""
    ready: dict[str, bool] = field(default_factory=dict)
    _since_s: dict[str, float] = field(default_factory=dict)

    async def watch(self) -> None:
        """Look until cancelled."""
        while True:
            began_s = time.monotonic()
            found = await asyncio.gather(*(self._is_ready(it) for it in PROCESSES))
            self._note(dict(zip(PROCESSES, found, strict=True)), time.monotonic())
            await asyncio.sleep(max(0.0, POLL_S - (time.monotonic() - began_s)))

    @property
    def worst_of_all_s(self) -> float:
        return max(self.worst_s.values(), default=0.0)

    def _note(self, ready: dict[str, bool], now_s: float) -> None:
        self.ready = ready
        away = not self._server_is_there(NATS) or not self._server_is_there(POSTGRES)
        for name, is_ready in ready.items():
            parts = (name, f"{name}-{NATS}", f"{name}-{POSTGRES}")
            if away or is_ready or any(self.hit[it] for it in parts):
                self._since_s.pop(name, None)
                continue
            since_s = self._since_s.setdefault(name, now_s)
            self.worst_s[name] = max(self.worst_s.get(name, 0.0), now_s - since_s)

    def _server_is_there(self, name: str) -> bool:
        state = self.yard.stack.states()[name]
        return state.step is Step.READY and not self.hit[name]

    async def _is_ready(self, name: str) -> bool:
        port = self.yard.stack.ports.get(name)
        return port is not None and (await fetch(health_url(port))).status == 200
