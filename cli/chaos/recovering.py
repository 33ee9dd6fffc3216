"""
How soon who was hit is ready again, once what it depends on is back.

A service depends on NATS and PostgreSQL, and on its lines to them. Its clock runs while nothing of that
is away, it is not under a fault itself, and it is not ready; what counts is the longest such time.
Whether it is ready it says itself (`/health/ready`), asked ten times a second.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from cli.chaos.yard import NATS, POSTGRES, PROCESSES, Yard
from cli.composition import health_url
from cli.states import Step
from cli.web import fetch

POLL_S: Final = 0.1


@dataclass(slots=True)
class NotReady:
    """A time in which a service was not ready, in seconds from the start."""

    process: str
    from_s: float
    over_s: float
    counted: bool
    """Whether all that it depends on was there: then it is a recovery."""


@dataclass(slots=True)
class Spans:
    """The times in which services were not ready; pure."""

    found: list[NotReady] = field(default_factory=list)
    _open: dict[str, NotReady] = field(default_factory=dict)

    def note(self, at_s: float, ready: Mapping[str, bool], counted: Mapping[str, bool]) -> None:
        """
        Take in a look at all services.

        Args:
            at_s: when it was, in seconds from the start.
            ready: which are ready.
            counted: of which it is known that all that they depend on is there.
        """
        for name, is_ready in ready.items():
            span = self._open.get(name)
            if span is not None:
                span.over_s = at_s
            if is_ready:
                self._open.pop(name, None)
            elif span is None or span.counted != counted[name]:
                self._open[name] = NotReady(name, at_s, at_s, counted[name])
                self.found.append(self._open[name])

    def worst_s(self) -> dict[str, float]:
        """Name the longest recovery of every service that had one."""
        worst: dict[str, float] = {}
        for it in self.found:
            if it.counted:
                worst[it.process] = max(worst.get(it.process, 0.0), it.over_s - it.from_s)
        return worst


@dataclass(slots=True)
class Recoveries:
    """What has been seen so far."""

    yard: Yard
    began_s: float = field(default_factory=time.monotonic)
    spans: Spans = field(default_factory=Spans)
    hit: Counter[str] = field(default_factory=Counter)
    """What is under a fault, by name of process or line, and by how many."""
    ready: dict[str, bool] = field(default_factory=dict)

    async def watch(self) -> None:
        """Look until cancelled."""
        while True:
            began_s = time.monotonic()
            found = await asyncio.gather(*(self._is_ready(it) for it in PROCESSES))
            self.ready = dict(zip(PROCESSES, found, strict=True))
            counted = {it: self._has_all(it) for it in PROCESSES}
            self.spans.note(time.monotonic() - self.began_s, self.ready, counted)
            await asyncio.sleep(max(0.0, POLL_S - (time.monotonic() - began_s)))

    def _has_all(self, name: str) -> bool:
        parts = (name, f"{name}-{NATS}", f"{name}-{POSTGRES}")
        there = self._server_is_there(NATS) and self._server_is_there(POSTGRES)
        return there and not any(self.hit[it] for it in parts)

    def _server_is_there(self, name: str) -> bool:
        state = self.yard.stack.states()[name]
        return state.step is Step.READY and not self.hit[name]

    async def _is_ready(self, name: str) -> bool:
        port = self.yard.stack.ports.get(name)
        return port is not None and (await fetch(health_url(port))).status == 200
