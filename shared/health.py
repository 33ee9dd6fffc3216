"""
Whether a process is well, for whoever probes it, and its figures for whoever collects them.

    GET /health/start    200 once the service is assembled, which may take a while, and while it only waits
                         for its broker or its database: nobody helps it by starting it again
    GET /health/ready    200 while it can do its work: its broker and its database answer, what it
                         follows has been taken in, and it has not been asked to stop
    GET /health/live     200 while its loops turn; never asks for what it depends on, so that nobody
                         starts a process again because a database is away
    GET /metrics         its figures, as Prometheus reads them

A probe that fails says why, as JSON. None of it is secret, and none of it needs a web framework.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

import orjson
import structlog
from prometheus_client import CONTENT_TYPE_LATEST

from shared.metrics import exposition

HEAD_S_MAX: Final = 5.0
"""How long a probe may take to say what it wants."""
PROBES_MAX: Final = 64
"""How many are answered at a time; whoever comes then is turned away."""
JSON_TYPE: Final = "application/json"

Check = Callable[[], bool | str]
"""Whether something holds; one that does not may say why."""

log = structlog.get_logger()


def _never() -> bool:
    """It always has something to do."""
    return False


@dataclass(slots=True)
class Pulse:
    """A loop that says, each time it comes round, that it still turns; `within_s` is the longest round
    that is thought of, faults of others included. One that is idle waits for something to do, and may."""

    within_s: float
    idle: Callable[[], bool] = _never
    beaten_s: float = field(default_factory=lambda: asyncio.get_running_loop().time())

    def beat(self) -> None:
        self.beaten_s = asyncio.get_running_loop().time()

    def standing(self) -> bool | str:
        if self.idle():
            self.beat()
        silent_s = asyncio.get_running_loop().time() - self.beaten_s
        return silent_s <= self.within_s or f"it has hung for {silent_s:.0f} s"


@dataclass(slots=True)
class Health:
    """What is asked for a report; a service is live, started and ready when all of each hold."""

    checks: dict[str, Check] = field(default_factory=dict)
    pulses: dict[str, Pulse] = field(default_factory=dict)
    started: bool = False
    stopping: bool = False
    _waits: bool = False

    @contextlib.contextmanager
    def waiting(self) -> Iterator[None]:
        """Let the service only be waiting for others, for as long as the context is open."""
        self._waits = True
        try:
            yield
        finally:
            self._waits = False

    def add(self, name: str, check: Check) -> None:
        """Let the service be ready only while something holds."""
        self.checks[name] = check

    def pulse(self, name: str, within_s: float, idle: Callable[[], bool] = _never) -> Pulse:
        """Let the service be live only while a loop turns, or has nothing to do."""
        self.pulses[name] = Pulse(within_s, idle)
        return self.pulses[name]

    def report(self) -> dict[str, bool | str]:
        """Say of each thing that readiness takes whether it holds."""
        told = {"started": self.started, **{name: it() for name, it in self.checks.items()}}
        return told | ({"stopping": "it has been asked to stop"} if self.stopping else {})

    def of(self, path: str) -> dict[str, bool | str] | None:
        """Answer one probe; none if there is no such probe."""
        match path:
            case "/health/start":
                return {"started": self.started or self._waits}
            case "/health/ready":
                return self.report()
            case "/health/live":
                return {name: it.standing() for name, it in self.pulses.items()}
            case _:
                return None


class HealthServer:
    """Answers probes, each on a connection of its own."""

    def __init__(self, health: Health, service: str) -> None:
        self._health = health
        self._service = service
        self._open = 0

    async def serve(self, host: str, port: int) -> asyncio.Server:
        """
        Listen.

        Args:
            host: which address of this machine; probes of a cluster come from outside.
            port: 0 for any free one.

        Raises:
            OSError: the port is taken, or the host is not this machine.
        """
        return await asyncio.start_server(self._answer, host, port)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._open >= PROBES_MAX:
            writer.close()
            return
        self._open += 1
        try:
            async with asyncio.timeout(HEAD_S_MAX):
                head = await reader.readuntil(b"\r\n\r\n")
            writer.write(_reply(*self._said(_path_in(head))))
            await writer.drain()
        except (OSError, TimeoutError, EOFError, asyncio.LimitOverrunError) as error:
            log.info("probe went away", error=repr(error))
        finally:
            self._open -= 1
            writer.close()

    def _said(self, path: str) -> tuple[str, str, bytes]:
        """Status, type and body of the answer."""
        if path == "/metrics":
            return "200 OK", CONTENT_TYPE_LATEST, exposition(self._service)
        report = self._health.of(path)
        if report is None:
            return "404 Not Found", JSON_TYPE, orjson.dumps({})
        well = all(it is True for it in report.values())
        status = "200 OK" if well else "503 Service Unavailable"
        return status, JSON_TYPE, orjson.dumps(report)


def _path_in(head: bytes) -> str:
    r"""
    Read which page is asked for; an empty text for what is no request.

    >>> _path_in(b"GET /metrics?name=x HTTP/1.1\r\n"), _path_in(b"nonsense")
    ('/metrics', '')
    """
    words = head.split(b"\r\n", 1)[0].split(b" ")
    return words[1].decode("latin-1").partition("?")[0] if len(words) == 3 else ""


def _reply(status: str, kind: str, body: bytes) -> bytes:
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nConnection: close\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
