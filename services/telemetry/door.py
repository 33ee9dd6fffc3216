"""
Who is let in, and who is told why not, before a WebSocket comes about.

    400   the path ends in no serial number, or no subprotocol is offered
    401   the charger does not show that it is the one it says it is
    403   the charger gets no current: its serial is locked; or a password would come in the open
    404   the charger is assigned nowhere (OCPP-J 1.6, section 3.1.2)
    429   too many wrong passwords came from there lately
    503   the log cannot be read now

A locked charger is let in as long as it has not confirmed that it falls back to 0 A, and once in a
while to tell the end of a session that is still open.
"""

import asyncio
import time
from http import HTTPStatus
from typing import Final
from urllib.parse import unquote, urlsplit
from weakref import WeakKeyDictionary

import structlog
from websockets.asyncio.server import ServerConnection
from websockets.http11 import Request, Response

from services.telemetry.charger import AssignedCharger, fail_safe_in_force, open_session
from services.telemetry.decider import refused
from services.telemetry.histories import LOG_FAULTS, Histories, History
from services.telemetry.identities import NOTHING_ASKED, Identities, Proof
from services.telemetry.knocks import knock_id, stream_of
from services.telemetry.metrics import TURNED_AWAY
from services.telemetry.parts import Parts
from services.telemetry.projections import Assignments
from services.telemetry.remotes import host_of
from services.telemetry.sockets import ChargerSocket
from services.telemetry.turned import Turned
from shared.clock import utc_now
from shared.context import acting
from shared.event_store import CommandKnown, Commit, StreamEvents
from shared.ids import SERIAL_HELP, Serial, normal_serial
from shared.messages.telemetry import ChargerRefused
from shared.recorded import Meta
from shared.transact import ACCEPTED

PATH: Final = "/ocpp/"
BARRED: Final = "barred"
UNASSIGNED: Final = "not-assigned"

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


class Door:
    """Answers those who knock."""

    def __init__(self, parts: Parts, assignments: Assignments, histories: Histories) -> None:
        self._parts = parts
        self._assignments = assignments
        self._histories = histories
        self._identities = Identities(parts)
        self._proofs: WeakKeyDictionary[ServerConnection, Proof] = WeakKeyDictionary()
        self._knocking: set[asyncio.Task[None]] = set()

    def proof_of(self, socket: ServerConnection) -> Proof:
        """Say what whoever was let in has shown."""
        return self._proofs.get(socket, NOTHING_ASKED)

    async def lets_in_still(self, socket: ChargerSocket) -> bool:
        """
        Judge once more what a charger has shown in its handshake.

        What was withdrawn between that and the moment from which its connection hears of withdrawals
        would go unnoticed otherwise. It is done once: what was shown is forgotten then.
        """
        request = socket.request
        assigned = None if request is None else self._assignments.get(serial_of(request.path))
        if request is None or assigned is None:
            return False
        try:
            remote = self.remote_of(socket)
            judged = await self._identities.judge(assigned, request, socket, remote)
        except LOG_FAULTS as fault:
            log.warning("charger not judged again", serial=assigned.serial, fault=repr(fault))
            return False
        socket.forget_handshake()
        return not isinstance(judged, Turned)

    def remote_of(self, socket: ServerConnection) -> str:
        """Name the network address of whoever is at the other end; empty if it has none."""
        peer = str(socket.remote_address[0]) if socket.remote_address else ""
        request = socket.request
        forwarded = [] if request is None else request.headers.get_all("X-Forwarded-For")
        return host_of(peer, forwarded, self._parts.settings.trusted_proxies)

    async def on_request(self, socket: ServerConnection, request: Request) -> Response | None:
        """Answer a request with a refusal, or none: then it becomes a WebSocket."""
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
                HTTPStatus.BAD_REQUEST,
                "offer a WebSocket subprotocol: ocpp1.6, ocpp2.0.1 or ocpp2.1\n",
            )
        return await self._on_named(socket, request, serial)

    async def _on_named(
        self, socket: ServerConnection, request: Request, serial: Serial
    ) -> Response | None:
        remote = self.remote_of(socket)
        assigned = self._assignments.get(serial)
        if assigned is None:
            # Who was never assigned was never accepted: for strangers the database is not asked.
            left = self._parts.whereabouts.left(serial)
            last_host = "" if left is None else await self._last_host(serial)
            why = "it is not assigned to an installation"
            self._refuse(serial, why, remote, last_host, UNASSIGNED)
            return socket.respond(
                HTTPStatus.NOT_FOUND,
                f"charger {serial} is not assigned to an installation; assign it, and it will "
                "be let in when it tries again\n",
            )
        try:
            judged = await self._identities.judge(assigned, request, socket, remote)
            if isinstance(judged, Turned):
                return await self._turn_away(socket, serial, judged, remote)
            self._proofs[socket] = judged
            if assigned.barred is not None:
                return await self._on_barred(socket, assigned, assigned.barred, remote)
        except LOG_FAULTS as fault:
            log.warning("charger turned away, no log", serial=serial, fault=repr(fault))
            return socket.respond(
                HTTPStatus.SERVICE_UNAVAILABLE, "the log cannot be read now; try again\n"
            )
        return None

    async def _turn_away(
        self, socket: ServerConnection, serial: Serial, turned: Turned, remote: str
    ) -> Response:
        last_host = await self._last_host(serial)
        self._refuse(serial, turned.reason, remote, last_host, turned.kind)
        text = f"charger {serial} is not let in: {turned.reason}; {turned.way_on}\n"
        response = socket.respond(turned.status, text)
        response.headers.update(turned.headers)
        return response

    async def _on_barred(
        self, socket: ServerConnection, assigned: AssignedCharger, reason: str, remote: str
    ) -> Response | None:
        serial = assigned.serial
        history = await self._histories.of(assigned)
        last_host = await self._last_host(serial)
        if self._must_be_told(history, assigned) or self._has_more_to_tell(history, assigned):
            return None
        if history.state.serial == serial:
            last_host = history.state.remote or last_host
        self._refuse(serial, reason, remote, last_host, BARRED)
        return socket.respond(
            HTTPStatus.FORBIDDEN,
            f"charger {serial} gets no current: {reason}; it will be let in again once that "
            "is in use again, or support has unlocked the serial and it is assigned anew\n",
        )

    async def _last_host(self, serial: Serial) -> str:
        return await self._parts.whereabouts.last_host(self._parts.store.pool, serial)

    def _must_be_told(self, history: History, assigned: AssignedCharger) -> bool:
        vouched = self._parts.whereabouts.vouch_for(history.state, assigned)
        return not (vouched and fail_safe_in_force(history.state, assigned))

    def _has_more_to_tell(self, history: History, assigned: AssignedCharger) -> bool:
        if open_session(history.state, assigned) is None:
            return False
        return self._parts.last_words.admit(assigned.serial, time.monotonic())

    # --- Who was not let in ---

    def _refuse(
        self, serial: Serial, reason: str, remote: str, last_host: str, kind: str
    ) -> None:
        TURNED_AWAY.labels(kind).inc()
        knock = refused(serial, reason, remote, last_host)
        log.warning("connection refused", **knock.model_dump(mode="json"))
        # That it knocks from somewhere else now, or is turned away for something else, is news,
        # however lately it knocked before.
        what = f"{serial} {knock.place} {kind}"
        if not self._parts.knocks.admit(what, time.monotonic()):
            return
        task = asyncio.create_task(self._put_on_record(knock, knock_id(what, utc_now())))
        self._knocking.add(task)
        task.add_done_callback(self._knocking.discard)

    async def _put_on_record(self, knock: ChargerRefused, command_id: str) -> None:
        with acting(f"charger/{knock.serial}") as context:
            meta = Meta(
                actor=context.actor,
                command_id=command_id,
                correlation_id=context.correlation_id,
            )
            part = StreamEvents(stream_of(knock.serial), None, [knock])
            try:
                await self._parts.store.append(Commit(command_id, b"", ACCEPTED, meta, [part]))
            except CommandKnown:
                return  # another gateway has heard it before
            except LOG_FAULTS as fault:
                log.warning("knock not put on record", fault=repr(fault))
