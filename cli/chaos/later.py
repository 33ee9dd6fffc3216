"""
Events of later versions of the program come into a log, and are announced: of a kind that nobody knows, and
of a known kind as a later version writes it.

They are about installations of their own, so that nothing else waits behind them. Who follows parks them
(`ampledger dlq`), and goes on with all others.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Protocol

from cli.chaos.fault import FaultNotPossible
from cli.chaos.plan import Kind
from cli.services import INSTALLATION, TELEMETRY
from shared.commits import DATABASE_FAULTS, Commit, StoreFault, StreamEvents
from shared.event_store import EventStore
from shared.ids import new_id
from shared.messages import Event, InstallationEvent
from shared.recorded import Meta, Recorded
from shared.runtime import pool_of
from shared.transact import ACCEPTED

LATER: Final = "later-"
"""How the names of these installations begin."""
LATER_SCHEMA: Final = 99


class HasLogs(Protocol):
    """Whatever has logs."""

    def database_url(self, service: str, /) -> str: ...


class OfLater(InstallationEvent):
    """A fact of a kind that this version does not know."""

    said: str = "what only a later version understands"


def _as_later(name: str) -> type[Event]:
    """Make a kind of event that goes by a known name, in a form that is not known yet."""

    class Known(OfLater):
        schema_version: ClassVar[int] = LATER_SCHEMA

    Known.__name__ = name
    return Known


KNOWN: Final = {INSTALLATION: "CircuitAdded", TELEMETRY: "ChargerConnected"}
"""Of each log that it happens to, a kind of event that everybody follows."""


@dataclass(frozen=True, slots=True)
class EventsOfLater:
    """Both come at once, in a log."""

    kind: Kind

    async def inject(self, yard: HasLogs, target: str) -> None:
        """See `Fault`."""
        command_id = new_id()
        installation_id = f"{LATER}{command_id}"
        events = [
            OfLater(installation_id=installation_id),
            _as_later(KNOWN[target]).model_validate({"installation_id": installation_id}),
        ]
        meta = Meta(actor="chaos", command_id=command_id, correlation_id=command_id)
        stream = StreamEvents(installation_id, None, events)
        try:
            async with (
                pool_of(yard.database_url(target)) as pool,
                EventStore.open(pool) as store,
            ):
                await store.append(Commit(command_id, b"", ACCEPTED, meta, [stream]))
        except (StoreFault, *DATABASE_FAULTS) as fault:
            raise FaultNotPossible(f"no log of {target}: {fault!r}") from fault

    async def heal(self, yard: HasLogs, target: str) -> None:
        """See `Fault`: what is in a log stays there."""


def later_faults() -> list[EventsOfLater]:
    """Name all that later versions may do."""
    return [EventsOfLater(Kind("events-of-later", tuple(KNOWN), hits_all=False))]


def of_this_version(log: Sequence[Recorded]) -> list[Recorded]:
    """Leave out what this version cannot read, as it is meant to."""
    return [it for it in log if not it.stream.startswith(LATER)]
