"""
The passwords of all chargers: what was decided about them is in the log, their marks are beside it.

A mark is written before its password is issued, and dropped after that has ended: whatever fails in
between, one that is not good in the log opens nothing.
"""

from collections.abc import Callable, Sequence

import structlog

from services.telemetry import credentials
from services.telemetry.charger import AssignedCharger
from services.telemetry.credentials import CredentialFact, Credentials
from services.telemetry.keyring import Keyring
from services.telemetry.own_streams import OwnStreams
from shared.event_store import DATABASE_FAULTS, EventStore, StoreFault
from shared.ids import Serial
from shared.messages.credentials import ChargerCredentialEnded

log = structlog.get_logger()

Decide = Callable[[Credentials], Sequence[CredentialFact]]


class Passes(OwnStreams[Credentials]):
    """What is known of the passwords of every serial number."""

    def __init__(self, store: EventStore, keyring: Keyring) -> None:
        super().__init__(store, credentials.stream_of, credentials.folded)
        self.keyring = keyring

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
        history = await self.history(serial)
        ended = [it for it in history if isinstance(it, ChargerCredentialEnded)]
        await self.keyring.forget([it.credential_id for it in ended])
