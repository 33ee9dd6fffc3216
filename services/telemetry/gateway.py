"""
The WebSocket server: at most one connection to each charger, and the newest one counts.

    ws://<host>:<port>/ocpp/<serial>, subprotocol ocpp1.6; wss:// where it has a certificate
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Final, cast

import structlog
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.typing import Subprotocol

from services.telemetry.connection import GOING_AWAY, Connection
from services.telemetry.dialects import BY_SUBPROTOCOL, SUBPROTOCOLS, chosen
from services.telemetry.door import Door, serial_of
from services.telemetry.draining import SERVICE_RESTART, STOPS, let_go
from services.telemetry.histories import LOG_FAULTS, Histories
from services.telemetry.metrics import SOCKETS
from services.telemetry.parts import Parts
from services.telemetry.projections import Assignments
from services.telemetry.sockets import ChargerSocket
from services.telemetry.taking import InTheWay, take
from services.telemetry.tls import server_tls
from shared.ids import ChargerId, Serial

FRAME_BYTES_MAX: Final = 128 * 1024
CLOSE_S_MAX: Final = 1.0
"""How long a closing handshake is waited for."""
BACKLOG: Final = 4096
"""How many chargers may come in the same moment, and wait; the system may allow fewer."""
PROTOCOL_ERROR: Final = 1002
TRY_AGAIN_LATER: Final = 1013
LEAVE_S_MAX: Final = 30.0
"""How long the next charger waits for the one before it."""
REPLACED: Final = "replaced by a newer connection"

log = structlog.get_logger()


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
        self._door = Door(parts, assignments, histories)
        self._connections: dict[Serial, Connection] = {}
        self._at: dict[ChargerId, Connection] = {}
        self._newest: dict[Serial, ServerConnection] = {}
        """The socket that came last, of those that wait for their turn or have it."""
        self._turns: dict[Serial, asyncio.Lock] = {}
        self._server: Server | None = None
        SOCKETS.set_function(lambda: len(self._connections))

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
            OSError: the port is taken, or its certificate cannot be read.
        """
        settings = self._parts.settings
        self._server = await serve(
            self._on_connection,
            settings.ocpp_host,
            settings.ocpp_port,
            subprotocols=SUBPROTOCOLS,
            select_subprotocol=_select_subprotocol,
            process_request=self._door.on_request,
            create_connection=ChargerSocket,
            backlog=BACKLOG,
            compression=None,
            max_size=FRAME_BYTES_MAX,
            ping_interval=settings.ping_interval_s,
            ping_timeout=settings.ping_timeout_s,
            close_timeout=CLOSE_S_MAX,
            server_header=None,
            ssl=server_tls(settings),
        )
        encrypted = settings.tls_cert is not None
        log.info("gateway listens", host=settings.ocpp_host, port=self.port, tls=encrypted)
        try:
            yield
        finally:
            at_once = asyncio.Event()
            at_once.set()
            await self.drain(at_once)

    # --- Who is connected ---

    async def _on_connection(self, socket: ServerConnection) -> None:
        request = socket.request
        if socket.subprotocol is None or request is None:
            # OCPP-J 1.6, section 3.1.2: complete the handshake, then close.
            await socket.close(
                PROTOCOL_ERROR, f"this server speaks {', '.join(SUBPROTOCOLS)} only"
            )
            return
        serial = serial_of(request.path)
        del request  # it is forgotten soon
        self._newest[serial] = socket
        try:
            async with self._turns.setdefault(serial, asyncio.Lock()):
                connection = await self._take_place(socket, serial)
            if connection is not None:
                await self._run(connection)
        finally:
            if self._newest.get(serial) is socket:
                del self._newest[serial]

    async def _take_place(self, socket: ServerConnection, serial: Serial) -> Connection | None:
        """Make a connection of a socket once whoever was there before has ended; none: too late."""
        former = self._connections.get(serial)
        if former is not None:
            await former.close(REPLACED)
        if self._newest.get(serial) is not socket:
            await socket.close(GOING_AWAY, REPLACED)
            return None
        if not self.listening:
            await socket.close(SERVICE_RESTART, STOPS)
            return None
        assigned = self._assignments.get(serial)
        if assigned is None:
            await socket.close(GOING_AWAY, "the charger is no longer assigned")
            return None
        if not await self._is_free(assigned.charger_id):
            await socket.close(TRY_AGAIN_LATER, "another charger takes its leave here")
            return None
        if not self._parts.client.is_connected:
            # Another gateway may be able to have it told its limits.
            await socket.close(TRY_AGAIN_LATER, "the gateway cannot reach NATS")
            return None
        try:
            taken = await take(self._parts, self._histories, assigned)
        except InTheWay as fault:
            await socket.close(TRY_AGAIN_LATER, str(fault))
            return None
        except LOG_FAULTS as fault:
            log.warning("charger turned away, no log", serial=serial, fault=repr(fault))
            await socket.close(TRY_AGAIN_LATER, "the log cannot be read now")
            return None
        at_door = cast("ChargerSocket", socket)
        connection = Connection(
            self._parts,
            taken,
            BY_SUBPROTOCOL[str(socket.subprotocol)],
            at_door,
            self._door.remote_of(socket),
            self._door.proof_of(socket),
            partial(self._door.lets_in_still, at_door),
        )
        self._connections[serial] = self._at[assigned.charger_id] = connection
        return connection

    async def _is_free(self, charger_id: ChargerId) -> bool:
        """Wait for other hardware that stood there: it has the last word before the next begins."""
        before = self._at.get(charger_id)
        if before is not None:
            before.reassign(self._assignments.get(before.serial))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(before.ended.wait(), LEAVE_S_MAX)
        return before is None or before.ended.is_set()

    async def _run(self, connection: Connection) -> None:
        serial, charger_id = connection.serial, connection.charger_id
        try:
            connection.reassign(self._assignments.get(serial))  # it may have changed meanwhile
            await connection.run()
        finally:
            connection.ended.set()
            if self._connections.get(serial) is connection:
                del self._connections[serial]
            if self._at.get(charger_id) is connection:
                del self._at[charger_id]

    def on_assignments(self) -> None:
        """Have every connection take notice of what its charger is at present."""
        for serial, connection in self._connections.items():
            connection.reassign(self._assignments.get(serial))

    def on_rights(self) -> None:
        """Have every connection take notice that roles or cards have changed."""
        for connection in self._connections.values():
            connection.on_rights()

    # --- Which chargers are held here ---

    def on_taken(self, charger_id: ChargerId, number: int) -> None:
        """Take notice that another gateway has taken a charger that was held here under a number."""
        connection = self._at.get(charger_id)
        if connection is not None and connection.holding.number == number:
            connection.holding.lose()

    async def look_after_holds(self) -> None:
        """Take notice of all that was taken while the database was away."""
        connections = list(self._connections.values())
        try:
            held = await self._parts.holds.of(self._parts.gateway_id)
        except LOG_FAULTS as fault:
            log.warning(
                "holds not looked up", fault=repr(fault)
            )  # each is, at its next command
            return
        known = {(it.charger_id, it.number) for it in held}
        for it in connections:
            if (it.charger_id, it.holding.number) not in known:
                it.holding.lose()

    # --- The end ---

    async def drain(self, hurry: asyncio.Event) -> None:
        """Accept nobody any more, and let all chargers go, over as long as is set."""
        if self._server is not None:
            self._server.close(close_connections=False)
        if self._connections:
            over_s = self._parts.settings.drain_s
            log.info("gateway closes", connections=len(self._connections), over_s=over_s)
            await let_go(lambda: list(self._connections.values()), over_s, hurry)


def _select_subprotocol(
    _: ServerConnection, offered: Sequence[Subprotocol]
) -> Subprotocol | None:
    return chosen(offered)
