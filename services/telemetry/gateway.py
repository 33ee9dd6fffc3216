"""
The WebSocket server: who is let in, and who is told why not.

    ws://<host>:<port>/ocpp/<serial>, subprotocol ocpp1.6
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from http import HTTPStatus
from typing import Final
from urllib.parse import unquote, urlsplit

import structlog
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from services.telemetry.connection import GOING_AWAY, Connection
from services.telemetry.histories import LOG_FAULTS, Histories
from services.telemetry.parts import Parts
from services.telemetry.projections import Assignments
from shared.context import acting
from shared.event_store import Commit, StreamEvents
from shared.ids import SERIAL_HELP, Serial, new_id, normal_serial
from shared.messages.telemetry import ChargerRefused, Place
from shared.recorded import Meta
from shared.transact import ACCEPTED

OCPP_16: Final = Subprotocol("ocpp1.6")
PATH: Final = "/ocpp/"
FRAME_BYTES_MAX: Final = 128 * 1024
CLOSE_S_MAX: Final = 1.0
"""How long a closing handshake is waited for."""
STOP_S_MAX: Final = 1.5
TRICKLE_S: Final = 0.5
"""Over how long connections are closed when the gateway stops, so that chargers do not come
back all at the same moment.
"""
PROTOCOL_ERROR: Final = 1002
TRY_AGAIN_LATER: Final = 1013

log = structlog.get_logger()


class Unaddressed(ValueError):
    """The path of a request names no charger."""


def serial_of(target: str) -> Serial:
    """
    Read the charger's serial number out of a request's target.

    Raises:
        Unaddressed: it is not beneath `/ocpp/`.
        ValueError: what is there cannot be a serial number.

    >>> serial_of("/ocpp/zap000123?x=1")
    'ZAP000123'
    """
    path = urlsplit(target).path
    if not path.startswith(PATH):
        raise Unaddressed(f"chargers connect to {PATH}<serial number>")
    return str(normal_serial(unquote(path.removeprefix(PATH))))


class Gateway:
    """Listens for chargers, and holds at most one connection to each."""

    def __init__(
        self,
        parts: Parts,
        assignments: Assignments,
        histories: Histories,
    ) -> None:
        self._parts = parts
        self._assignments = assignments
        self._histories = histories
        self._knocking: set[asyncio.Task[None]] = set()
        self._connections: dict[Serial, Connection] = {}
        self._server: Server | None = None

    @property
    def listening(self) -> bool:
        return self._server is not None and self._server.is_serving()

    @property
    def port(self) -> int:
        """Where chargers connect, as the system has given it."""
        if self._server is None:
            raise RuntimeError("the gateway does not listen yet")
        return int(next(iter(self._server.sockets)).getsockname()[1])

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """
        Listen for as long as the context is open.

        Raises:
            OSError: the port is taken.
        """
        settings = self._parts.settings
        self._server = await serve(
            self._on_connection,
            settings.ocpp_host,
            settings.ocpp_port,
            subprotocols=[OCPP_16],
            select_subprotocol=_select_subprotocol,
            process_request=self._on_request,
            compression=None,
            max_size=FRAME_BYTES_MAX,
            ping_interval=settings.ping_interval_s,
            ping_timeout=settings.ping_timeout_s,
            close_timeout=CLOSE_S_MAX,
            server_header=None,
        )
        log.info("gateway listens", host=settings.ocpp_host, port=self.port)
        try:
            yield
        finally:
            await self._stop(self._server)

    # --- Who is let in ---

    def _on_request(self, socket: ServerConnection, request: Request) -> Response | None:
        remote = str(socket.remote_address[0]) if socket.remote_address else "unknown"
        try:
            serial = serial_of(request.path)
        except Unaddressed as fault:
            return socket.respond(HTTPStatus.NOT_FOUND, f"{fault}\n")
        except ValueError:
            log.warning("connection refused, no serial number", path=request.path[:100])
            text = f"the path does not end in a serial number: {SERIAL_HELP}\n"
            return socket.respond(HTTPStatus.BAD_REQUEST, text)
        if "Sec-WebSocket-Protocol" not in request.headers:
            return socket.respond(
                HTTPStatus.BAD_REQUEST, f"offer the WebSocket subprotocol {OCPP_16}\n"
            )
        if self._assignments.get(serial) is None:
            self._on_stranger(serial, remote)
            # OCPP-J 1.6, section 3.1.2: a charger that is not known is answered 404.
            return socket.respond(
                HTTPStatus.NOT_FOUND,
                f"charger {serial} is not assigned to an installation; assign it, and it will "
                "be let in when it tries again\n",
            )
        return None

    def _on_stranger(self, serial: Serial, remote: str) -> None:
        log.warning("connection refused, not assigned", serial=serial, remote=remote)
        if self._parts.knocks.admit(serial, time.monotonic()):
            refused = ChargerRefused(
                place=Place.UNKNOWN,
                serial=serial,
                reason="it is not assigned to an installation",
                remote=remote,
            )
            task = asyncio.create_task(self._put_on_record(refused))
            self._knocking.add(task)
            task.add_done_callback(self._knocking.discard)

    async def _put_on_record(self, refused: ChargerRefused) -> None:
        with acting(f"charger/{refused.serial}") as context:
            command_id = new_id()
            meta = Meta(
                actor=context.actor,
                command_id=command_id,
                correlation_id=context.correlation_id,
            )
            part = StreamEvents(f"knock-{refused.serial}", None, [refused])
            try:
                await self._parts.store.append(Commit(command_id, b"", ACCEPTED, meta, [part]))
            except LOG_FAULTS as fault:
                log.warning("knock not put on record", fault=repr(fault))

    # --- Who is connected ---

    async def _on_connection(self, socket: ServerConnection) -> None:
        if socket.subprotocol is None:
            # OCPP-J 1.6, section 3.1.2: complete the handshake, then close.
            await socket.close(PROTOCOL_ERROR, f"this server speaks {OCPP_16} only")
            return
        request = socket.request
        assigned = self._assignments.get(serial_of(request.path)) if request else None
        if assigned is None:
            await socket.close(GOING_AWAY, "the charger is no longer assigned")
            return
        try:
            history = await self._histories.of(assigned)
        except LOG_FAULTS as fault:
            log.warning(
                "charger turned away, no log", serial=assigned.serial, fault=repr(fault)
            )
            await socket.close(TRY_AGAIN_LATER, "the log cannot be read now")
            return
        connection = Connection(self._parts, history, socket)
        former = self._connections.get(assigned.serial)
        self._connections[assigned.serial] = connection
        try:
            if former is not None:
                await former.close("replaced by a newer connection")
            await connection.run()
        finally:
            connection.ended.set()
            if self._connections.get(assigned.serial) is connection:
                del self._connections[assigned.serial]

    async def _stop(self, server: Server) -> None:
        server.close(close_connections=False)
        connections = list(self._connections.values())
        log.info("gateway closes", connections=len(connections))
        try:
            async with asyncio.timeout(STOP_S_MAX):
                await self._trickle(connections)
        except TimeoutError:
            log.warning("some connections did not close in time")
        server.close()

    async def _trickle(self, connections: Sequence[Connection]) -> None:
        async def close(connection: Connection, after_s: float) -> None:
            await asyncio.sleep(after_s)
            await connection.close("the gateway stops")

        step_s = TRICKLE_S / max(1, len(connections))
        await asyncio.gather(
            *(close(it, index * step_s) for index, it in enumerate(connections))
        )


def _select_subprotocol(
    _: ServerConnection, offered: Sequence[Subprotocol]
) -> Subprotocol | None:
    return OCPP_16 if OCPP_16 in offered else None
