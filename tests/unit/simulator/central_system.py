"""A tiny OCPP 1.6J server for the tests: it records what it hears and answers as it is told to."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from shared.clock import utc_now

DEADLINE_S = 20.0

Payload = dict[str, Any]


@dataclass
class CallError:
    """Answer with this instead of a payload."""

    code: str


@dataclass(eq=False)
class CentralSystem:
    heard: list[tuple[str, Payload]] = field(default_factory=list)
    """Every CALL: action and payload."""
    frames: list[list[Any]] = field(default_factory=list)
    """Every frame, as it came."""
    answers: dict[str, Any] = field(default_factory=dict)
    """By action: a payload, a CallError, or a function that makes one."""
    mute: set[str] = field(default_factory=set)
    """Actions that are not answered."""
    paths: list[str] = field(default_factory=list)
    shown: dict[str, str | None] = field(default_factory=dict)
    """The Authorization header that came with each path; none: there was none."""
    close_codes: list[int | None] = field(default_factory=list)
    welcome: list[tuple[str, Payload]] = field(default_factory=list)
    """CALLs sent to every charger once it has been accepted."""
    sockets: list[ServerConnection] = field(default_factory=list)
    url: str = ""
    closed: bool = False
    """New connections are turned away."""
    turning_away_with: int = 503
    """The HTTP status that they are answered with."""
    turned_away: int = 0
    hosts: list[str] = field(default_factory=list)
    """From where every connection came."""
    _transactions: int = 0
    _asked: int = 0
    _waiting: dict[str, asyncio.Future[list[Any]]] = field(default_factory=dict)

    @property
    def actions(self) -> list[str]:
        return [action for action, _ in self.heard]

    def payloads(self, action: str) -> list[Payload]:
        return [payload for heard, payload in self.heard if heard == action]

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until something holds; fail with what was heard if it never does."""
        try:
            async with asyncio.timeout(DEADLINE_S):
                while not condition():  # noqa: ASYNC110  # it may hold for any reason
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError(f"it never held; heard: {self.heard[-20:]}") from None

    async def ask(self, action: str, payload: Payload) -> list[Any]:
        """Send a CALL to the latest charger; return the frame that answers it."""
        self._asked += 1
        call_id = f"ask-{self._asked}"
        return await self.send([2, call_id, action, payload], call_id)

    async def send(self, frame: Any, call_id: str) -> list[Any]:
        waiting: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()
        self._waiting[call_id] = waiting
        await self.sockets[-1].send(json.dumps(frame))
        async with asyncio.timeout(DEADLINE_S):
            return await waiting

    def cut(self) -> None:
        """Cut every line, and let nobody in until `closed` is False again."""
        self.closed = True
        for socket in self.sockets:
            socket.transport.abort()

    def _admit(self, socket: ServerConnection, _request: Request) -> Response | None:
        if not self.closed:
            return None
        self.turned_away += 1
        return socket.respond(self.turning_away_with, "closed\n")

    async def _serve(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        self.paths.append(socket.request.path)
        self.shown[socket.request.path] = socket.request.headers.get("Authorization")
        self.hosts.append(socket.remote_address[0])
        self.sockets.append(socket)
        try:
            async for text in socket:
                await self._take(socket, json.loads(text))
        except ConnectionClosed:
            pass  # The charger has lost its supply, or the test has cut the line.
        finally:
            self.sockets.remove(socket)
            self.close_codes.append(socket.close_code)

    async def _take(self, socket: ServerConnection, frame: list[Any]) -> None:
        self.frames.append(frame)
        if frame[0] != 2:
            waiting = self._waiting.pop(frame[1], None)
            if waiting is not None:
                waiting.set_result(frame)
            return
        _, call_id, action, payload = frame
        self.heard.append((action, payload))
        if action in self.mute:
            return
        answer = self._answer(action, payload)
        if isinstance(answer, CallError):
            await socket.send(json.dumps([4, call_id, answer.code, "", {}]))
            return
        await socket.send(json.dumps([3, call_id, answer]))
        if action == "BootNotification" and answer.get("status") == "Accepted":
            for i, (asked, content) in enumerate(self.welcome):
                await socket.send(json.dumps([2, f"welcome-{i}", asked, content]))

    def _answer(self, action: str, payload: Payload) -> Any:
        if action not in self.answers:
            return self._usual(action)
        answer = self.answers[action]
        return answer(payload) if callable(answer) else answer

    def _usual(self, action: str) -> Payload:
        match action:
            case "BootNotification":
                return boot("Accepted")
            case "Heartbeat":
                return {"currentTime": utc_now().isoformat()}
            case "Authorize":
                return {"idTagInfo": {"status": "Accepted"}}
            case "StartTransaction":
                self._transactions += 1
                status = {"status": "Accepted"}
                return {"transactionId": self._transactions, "idTagInfo": status}
            case _:
                return {}


def boot(status: str, interval_s: int = 300) -> Payload:
    return {"status": status, "currentTime": utc_now().isoformat(), "interval": interval_s}


def limit_profile(limit_a: float, level: int = 0, **more: Any) -> Payload:
    """A SetChargingProfile payload as the services' gateway would send it."""
    return {
        "connectorId": 1,
        "csChargingProfiles": {
            "chargingProfileId": level + 1,
            "stackLevel": level,
            "chargingProfilePurpose": "TxDefaultProfile",
            "chargingProfileKind": "Absolute",
            "chargingSchedule": {
                "chargingRateUnit": "A",
                "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limit_a}],
            },
            **more,
        },
    }


@asynccontextmanager
async def running() -> AsyncIterator[CentralSystem]:
    system = CentralSystem()
    async with serve(
        system._serve,
        "127.0.0.1",
        0,
        process_request=system._admit,
        subprotocols=[Subprotocol("ocpp1.6")],
    ) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        system.url = f"ws://127.0.0.1:{port}"
        yield system
