"""
The passwords of all chargers: what was decided about them is in the log, their marks are beside it.

A mark is written before its password is issued, and dropped after that has ended: whatever fails in
between, one that is not good in the log opens nothing.
"""

from collections.abc import Callable, Sequence
from typing import Final

import structlog

from services.telemetry import credentials
from services.telemetry.charger import AssignedCharger
from services.telemetry.credentials import CredentialFact, Credentials
from services.telemetry.keyring import Keyring
from shared.context import present_context
from shared.event_store import (
    DATABASE_FAULTS,
    Commit,
    Conflict,
    EventStore,
    StoreFault,
    StreamEvents,
)
from shared.ids import Serial, new_id
from shared.messages import Answer
from shared.messages.credentials import ChargerCredentialEnded
from shared.recorded import Meta
from shared.transact import ACCEPTED

ATTEMPTS_MAX: Final = 20

log = structlog.get_logger()

Decide = Callable[[Credentials], Sequence[CredentialFact]]


class Passes:
    """What is known of the passwords of every serial number."""

    def __init__(self, store: EventStore, keyring: Keyring) -> None:
        self._store = store
        self.keyring = keyring

    async def of(self, serial: Serial) -> Credentials:
        """
        Read what holds at present: another gateway may have changed it just now.

        Raises:
            StoreFault, OSError, asyncpg.PostgresError, asyncpg.InterfaceError: it cannot be read.
        """
        return (await self._read(serial))[0]

    async def _read(self, serial: Serial) -> tuple[Credentials, int]:
        history = await self._store.load(credentials.stream_of(serial))
        return credentials.folded([it.event for it in history]), len(history)  # type: ignore[misc]  # the stream holds no others

    async def record(
        self,
        serial: Serial,
        decide: Decide,
        command_id: str | None = None,
        mark: bytes | None = None,
        answer: Answer = ACCEPTED,
    ) -> int:
        """
        Decide on what holds at present, and append what that gives.

        Args:
            serial: whose passwords they are.
            decide: returns events, none when it is so already, or raises `Refused`.
            command_id: of the command that they are the answer to, if they are; with it, the
                answer is kept even without events.
            mark: the fingerprint of that command.
            answer: what a repetition of the command is answered.

        Returns:
            The position of the last event in the log; 0 for none.

        Raises:
            StoreFault, OSError, asyncpg.PostgresError, asyncpg.InterfaceError: the log could not
                take them.
        """
        for _ in range(ATTEMPTS_MAX):
            state, version = await self._read(serial)
            events = decide(state)
            if not events and command_id is None:
                return 0
            context = present_context()
            meta = Meta(
                actor=context.actor,
                command_id=command_id or new_id(),
                correlation_id=context.correlation_id,
                causation_id=context.causation_id,
            )
            part = StreamEvents(credentials.stream_of(serial), version, events)
            try:
                return await self._store.append(
                    Commit(meta.command_id, mark or new_id().encode(), answer, meta, [part])
                )
            except Conflict:
                continue
        raise Conflict(credentials.stream_of(serial))

    async def on_shown(self, assigned: AssignedCharger, credential_id: str) -> None:
        """The charger has come with one of its passwords; those before it end."""
        await self._told(
            assigned, lambda state: credentials.shown(state, assigned, credential_id)
        )

    async def on_removed(self, left: AssignedCharger) -> None:
        """The charger was taken away. Its passwords are good for nothing by then, recorded or not."""
        await self._told(left, lambda state: credentials.removed(state, left))

    async def _told(self, assigned: AssignedCharger, decide: Decide) -> None:
        try:
            if await self.record(assigned.serial, decide):
                await self.forget_ended(assigned.serial)
        except (StoreFault, *DATABASE_FAULTS) as fault:
            # What has ended is told anew when the charger comes again, or is issued another one.
            log.warning(
                "end of passwords not on record", serial=assigned.serial, fault=repr(fault)
            )

    async def forget_ended(self, serial: Serial) -> None:
        """Drop the marks of what is good for nothing any more."""
        history = [it.event for it in await self._store.load(credentials.stream_of(serial))]
        ended = [it for it in history if isinstance(it, ChargerCredentialEnded)]
        await self.keyring.forget([it.credential_id for it in ended])
