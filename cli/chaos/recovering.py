"""
How soon who was hit is ready again, once what it depends on is back.

A service depends on NATS and PostgreSQL, and on its lines to them. Its clock runs while nothing of that
is away, it is not under a fault itself, and it is not ready; what counts is the longest such time.
Whether it is ready it says itself (`/health/ready`), asked ten times a second.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import orjson

from cli.chaos.yard import NATS, PARTS, POSTGRES, PROCESSES, Yard
from cli.composition import health_url
from cli.states import Step
from cli.web import fetch

POLL_S: Final = 0.1
READY_STATUS: Final = 200
NO_ANSWER: Final = "it does not answer"


@dataclass(slots=True)
class NotReady:
    """A time in which a service was not ready, in seconds from the start."""

    process: str
    from_s: float
    over_s: float
    counted: bool
    """Whether all that it depends on was there: then it is a recovery."""
    why: list[tuple[float, str]] = field(default_factory=list)
    """What was not well by its own account, each time that changed, and when."""

    @property
    def took_s(self) -> float:
        return self.over_s - self.from_s


@dataclass(slots=True)
class Spans:
    """The times in which services were not ready; pure."""

    found: list[NotReady] = field(default_factory=list)
    _open: dict[str, NotReady] = field(default_factory=dict)

    def note(
        self, at_s: float, why_not: Mapping[str, str | None], counted: Mapping[str, bool]
    ) -> None:
        """
        Take in a look at all services.

        Args:
            at_s: when it was, in seconds from the start.
            why_not: of each why it is not ready; none: it is.
            counted: of which it is known that all that they depend on is there.
        """
        for name, why in why_not.items():
            span = self._open.get(name)
            if span is not None:
                span.over_s = at_s
            if why is None:
                self._open.pop(name, None)
                continue
            if span is None or span.counted != counted[name]:
                span = self._open[name] = NotReady(name, at_s, at_s, counted[name])
                self.found.append(span)
            if not span.why or span.why[-1][1] != why:
                span.why.append((at_s, why))

    def worst_s(self) -> dict[str, float]:
        """Name the longest recovery of every service that had one."""
        worst: dict[str, float] = {}
        for it in self.found:
            if it.counted:
                worst[it.process] = max(worst.get(it.process, 0.0), it.took_s)
        return worst


@dataclass(slots=True)
class Recoveries:
    """What has been seen so far."""

    yard: Yard
    began_s: float = field(default_factory=time.monotonic)
    spans: Spans = field(default_factory=Spans)
    why_not: dict[str, str | None] = field(default_factory=lambda: dict.fromkeys(PROCESSES, ""))
    """Why each service is not ready at present; none: it is."""

    def not_ready(self) -> list[str]:
        """Name who is not ready at present."""
        return [name for name, why in self.why_not.items() if why is not None]

    async def watch(self) -> None:
        """Look until cancelled."""
        while True:
            began_s = time.monotonic()
            found = await asyncio.gather(*(self._why_not(it) for it in PROCESSES))
            self.why_not = dict(zip(PROCESSES, found, strict=True))
            counted = {it: self._has_all(it) for it in PROCESSES}
            self.spans.note(time.monotonic() - self.began_s, self.why_not, counted)
            await asyncio.sleep(max(0.0, POLL_S - (time.monotonic() - began_s)))

    def _has_all(self, name: str) -> bool:
        there = self._server_is_there(NATS) and self._server_is_there(POSTGRES)
        return there and not any(self.yard.hit[it] for it in PARTS[name])

    def _server_is_there(self, name: str) -> bool:
        state = self.yard.stack.states()[name]
        return state.step is Step.READY and not self.yard.hit[name]

    async def _why_not(self, name: str) -> str | None:
        port = self.yard.stack.ports.get(name)
        if port is None:
            return NO_ANSWER
        reply = await fetch(health_url(port))
        return None if reply.status == READY_STATUS else unwell(reply.body)


def unwell(body: bytes) -> str:
    """
    Say what a service reports as not well.

    >>> unwell(b'{"started":true,"relay":false,"broker":"it does not answer"}')
    'relay; broker: it does not answer'
    """
    try:
        told: dict[str, bool | str] = orjson.loads(body)
    except orjson.JSONDecodeError:
        return NO_ANSWER
    found = [
        f"{name}: {it}" if isinstance(it, str) else name
        for name, it in told.items()
        if it is not True
    ]
    return "; ".join(found)
