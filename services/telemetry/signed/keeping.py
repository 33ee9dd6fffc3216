"""
Keeps the signed values of sessions, and puts on record that they came.

The value itself is a row, since it may name whoever charged; its fact, with the digest, is in the log. The
row is written first: a charger that is not answered tells it again, and both are written once.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from typing import Any, Final

import structlog

from services.telemetry.charger import AssignedCharger, Session
from services.telemetry.said import Began, Ended, Sample, Signed
from shared.context import present_context
from shared.event_store import DATABASE_FAULTS, CommandKnown, Commit, EventStore, StreamEvents
from shared.ids import PersonId
from shared.messages.telemetry import SignedValueReceived
from shared.recorded import Meta
from shared.tasks import in_child, keep_running
from shared.transact import ACCEPTED

BYTES_MAX: Final = 32 * 1024
"""Of one value. OCMF of a session takes one to four kilobytes."""
NUMBER_MAX: Final = 16
"""Of one session: a beginning and an end, each for several registers or in several pieces."""
OTHERS_MAX: Final = 8
"""Of those, how many may be of neither its beginning nor its end."""
AT_ENDS: Final = frozenset({"Transaction.Begin", "Transaction.End"})
EVERY_S: Final = 3600.0
DROP_S_MAX: Final = 60.0
PAUSE_S: Final = 5.0

_KNOWN: Final = (
    "select count(*) as number, coalesce(bool_or(sha256 = $2), false) as here"
    " from signed_value where session_id = $1"
)
_INSERT: Final = (
    "insert into signed_value (session_id, sha256, installation_id, charger_id, person_id, context,"
    " format, public_key, measured_at, start_wh, content)"
    " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) on conflict do nothing"
)
_ENDED: Final = "update signed_value set end_wh = $2 where session_id = $1"
_FORGET: Final = "delete from signed_value where person_id = $1"
_DROP: Final = (
    "delete from signed_value where received_at < now() - make_interval(months => $1)"
)

log = structlog.get_logger()


class SignedValues:
    """
    The signed values of all sessions.

    Args:
        store: of the log.
        months: for how many they are kept.
    """

    def __init__(self, store: EventStore, months: int) -> None:
        self._store = store
        self._months = months

    async def keep(
        self, assigned: AssignedCharger, session: Session | None, samples: Sequence[Sample]
    ) -> None:
        """
        Keep what is signed among samples of a session.

        Raises:
            LOG_FAULTS: it could not be written.
        """
        for sample in samples:
            for signed in sample.signed:
                if session is None:
                    log.warning("signed value of no session", charger_id=assigned.charger_id)
                else:
                    await self._keep(assigned, session, sample, signed)

    async def at_begin(
        self,
        assigned: AssignedCharger,
        session: Session | None,
        began: Began,
        transaction_id: int,
    ) -> None:
        """
        Keep what came with the beginning of a session, unless it is another one that runs by now.

        Raises:
            LOG_FAULTS: it could not be written.
        """
        if session is not None and session.transaction_id == transaction_id:
            await self.keep(assigned, session, began.samples)

    async def at_end(
        self, assigned: AssignedCharger, session: Session | None, ended: Ended
    ) -> None:
        """
        Keep what came with the end of a session, and what its register was then.

        Raises:
            LOG_FAULTS: it could not be written.
        """
        await self.keep(assigned, session, ended.samples)
        if session is not None:
            await self._store.pool.execute(_ENDED, session.session_id, ended.register_wh)

    async def _keep(
        self, assigned: AssignedCharger, session: Session, sample: Sample, signed: Signed
    ) -> None:
        content = signed.text.encode("utf-8", "replace")
        digest = hashlib.sha256(content).digest()
        known = await self._store.pool.fetchrow(_KNOWN, session.session_id, digest)
        room = NUMBER_MAX if signed.context in AT_ENDS else OTHERS_MAX
        if not known["here"] and (known["number"] >= room or len(content) > BYTES_MAX):
            log.warning(
                "signed value left out: too many of its session, or too large",
                session_id=session.session_id,
                context=signed.context,
                bytes=len(content),
            )
            return
        await self._store.pool.execute(
            _INSERT,
            session.session_id,
            digest,
            assigned.installation_id,
            assigned.charger_id,
            session.person_id,
            signed.context,
            signed.format,
            signed.public_key,
            sample.measured_at,
            session.register_wh,
            content,
        )
        await self._record(
            assigned,
            SignedValueReceived(
                installation_id=assigned.installation_id,
                charger_id=assigned.charger_id,
                session_id=session.session_id,
                context=signed.context,
                format=signed.format,
                measured_at=sample.measured_at,
                sha256=digest.hex(),
                bytes=len(content),
            ),
        )

    async def _record(self, assigned: AssignedCharger, event: SignedValueReceived) -> None:
        context = present_context()
        once = hashlib.sha256(f"{event.session_id}\n{event.sha256}".encode()).hexdigest()
        meta = Meta(
            actor=context.actor,
            command_id=f"signed-{once}",
            correlation_id=context.correlation_id,
            causation_id=context.causation_id,
        )
        part = StreamEvents(stream_of(assigned.charger_id), None, [event])
        try:
            await self._store.append(
                Commit(meta.command_id, once.encode(), ACCEPTED, meta, [part])
            )
        except CommandKnown:
            return  # it was told before, and is on record

    # --- What goes ---

    async def run(self) -> None:
        """Drop what is too old, for ever."""

        async def drop_all() -> None:
            while True:
                await in_child(self._store.pool.execute(_DROP, self._months), DROP_S_MAX)
                await asyncio.sleep(EVERY_S)

        def on_fault(fault: Exception) -> None:
            log.warning("old signed values stay for now", error=repr(fault))

        await keep_running(drop_all, (*DATABASE_FAULTS, TimeoutError), on_fault, PAUSE_S)


async def forget(connection: Any, person_id: PersonId) -> None:  # noqa: ANN401  # asyncpg carries no types
    """Forget the signed values of somebody's sessions, in a transaction."""
    await connection.execute(_FORGET, person_id)


def stream_of(charger_id: str) -> str:
    """Name the stream of the log that says which signed values came from a charger."""
    return f"signed-{charger_id}"
