"""
Which gateway holds which charger's socket: one row a charger, in the database that all gateways share.

Whoever takes a charger raises its number. From that moment on the one before holds it no more, whether or
not it has heard of that: it looks the row up before it answers a command or sends a limit, and what it
would put on record the log refuses (`histories.py`). So a gateway that was stopped, or cut off, does no
harm when it wakes up.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import asyncpg
import structlog

from services.telemetry.epochs import Epochs
from shared.clock import uptime_s
from shared.event_store import DATABASE_FAULTS
from shared.ids import ChargerId, InstallationId, Serial
from shared.subjects import partition_of
from shared.together import Together

CHANNEL: Final = "gateways"
"""What is notified when a charger is taken from a gateway that was not asked, or did not answer."""
SURE_S: Final = 0.25
"""For so long a look at the row is good enough to send a limit, by a clock that goes on while the process
stands still."""
LOOKS_MAX: Final = 3
"""How often it is looked for an answer that is not older than that, before the last one is taken."""

_TAKE: Final = """
    with other as materialized (
        select charger_id, serial, gateway_id, number from hold
        where held and gateway_id <> $3 and (charger_id = $1 or serial = $2)
    ), taken as (
        insert into hold as h (charger_id, serial, gateway_id, number, held)
        select $1, $2, $3, 1, true where not exists (select from other)
        on conflict (charger_id) do update set serial = excluded.serial, held = true,
            gateway_id = excluded.gateway_id, number = h.number + 1
            where not h.held or h.gateway_id = excluded.gateway_id
        returning h.number
    )
    select null as charger_id, null as serial, null as gateway_id, number from taken
    union all select charger_id, serial, gateway_id, number from other
"""
_END: Final = (
    "update hold set held = false"
    " where charger_id = $1 and gateway_id = $2 and number = $3 and held"
)
_TAKE_AWAY: Final = """
    with ended as (
        update hold set held = false
        where charger_id = $1 and gateway_id = $2 and number = $3 and held
        returning charger_id
    )
    select pg_notify($4, $5) from ended
"""
_LOOK: Final = """
    select
        exists (select from hold
            where charger_id = asked.charger_id and gateway_id = $1 and number = asked.number and held
        ) as mine,
        (select epoch from fencing_epoch where partition = asked.partition) as epoch
    from unnest($2::text[], $3::bigint[], $4::smallint[])
        with ordinality as asked (charger_id, number, partition, turn)
    order by turn
"""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a charger, as the row has it."""

    charger_id: ChargerId
    serial: Serial
    gateway_id: str
    number: int


class Holding:
    """What one connection knows of its hold."""

    def __init__(
        self, holds: "Holds", charger_id: ChargerId, number: int, *, others_between: bool
    ) -> None:
        self.charger_id = charger_id
        self.number = number
        self.others_between = others_between
        """Another gateway has held it since this one did: what is remembered here is out of date."""
        self.lost = False
        """The charger is held here no more: it was let go, or taken by another gateway."""
        self.on_lost: Callable[[], None] = _nobody
        """Told when that is noticed."""
        self._holds = holds
        self._looked_s = 0.0

    async def look(self, installation_id: InstallationId) -> bool:
        """
        Ask the database whether the charger is still held here, and which epochs others have heard of.

        Raises:
            OSError, asyncpg.PostgresError, asyncpg.InterfaceError: it cannot be asked now.
        """
        asked_s = uptime_s()
        mine = not self.lost and await self._holds.look(self, installation_id)
        if mine:
            self._looked_s = asked_s
        else:
            self.lose()
        return mine

    async def surely(self, installation_id: InstallationId) -> bool:
        """
        Tell whether the charger is held here at this moment; asks, unless that was asked just now.

        Raises:
            OSError, asyncpg.PostgresError, asyncpg.InterfaceError: it cannot be asked now.
        """
        for _ in range(LOOKS_MAX):
            # An answer may have waited here while the process stood still: then it is asked again.
            if self.lost or uptime_s() - self._looked_s < SURE_S:
                break
            await self.look(installation_id)
        return not self.lost

    def lose(self) -> None:
        """Take notice that another gateway has taken the charger."""
        if not self.lost:
            self.lost = True
            log.warning("charger was taken by another gateway", charger_id=self.charger_id)
            self.on_lost()

    async def end(self) -> None:
        """Let the charger go; whoever comes next need not ask."""
        self.lost = True
        try:
            await self._holds.end(self.charger_id, self.number)
        except DATABASE_FAULTS as fault:
            # Whoever takes it next asks here, hears that nobody holds it, and goes on.
            log.warning("hold not given back", charger_id=self.charger_id, fault=repr(fault))


class Holds:
    """The holds of one gateway."""

    def __init__(self, pool: "asyncpg.Pool[Any]", gateway_id: str, epochs: Epochs) -> None:
        self._pool = pool
        self._gateway_id = gateway_id
        self._epochs = epochs
        self._looks = Together(self._look)
        self._numbers: dict[ChargerId, int] = {}
        """Under which number each charger was held here last."""

    async def take(self, charger_id: ChargerId, serial: Serial) -> Holding | Sequence[Holder]:
        """
        Hold a charger, unless others are in the way: then name them.

        In the way are other gateways that hold the charger, or this piece of hardware elsewhere.

        Raises:
            OSError, asyncpg.PostgresError, asyncpg.InterfaceError: the database is away.
        """
        rows = await self._pool.fetch(_TAKE, charger_id, serial, self._gateway_id)
        if len(rows) == 1 and rows[0]["charger_id"] is None:
            number = rows[0]["number"]
            between = self._numbers.get(charger_id) != number - 1
            self._numbers[charger_id] = number
            return Holding(self, charger_id, number, others_between=between)
        return [Holder(**row) for row in rows]

    async def take_away(self, holder: Holder) -> None:
        """
        Take a charger from a gateway that did not let it go, unless somebody else was first.

        Raises:
            OSError, asyncpg.PostgresError, asyncpg.InterfaceError: the database is away.
        """
        await self._pool.execute(
            _TAKE_AWAY,
            holder.charger_id,
            holder.gateway_id,
            holder.number,
            CHANNEL,
            f"{holder.gateway_id} {holder.charger_id} {holder.number}",
        )

    async def of(self, gateway_id: str) -> list[Holder]:
        """Name what a gateway holds, as the rows have it."""
        rows = await self._pool.fetch(
            "select charger_id, serial, gateway_id, number from hold where held and gateway_id = $1",
            gateway_id,
        )
        return [Holder(**row) for row in rows]

    async def look(self, holding: Holding, installation_id: InstallationId) -> bool:
        """Look a row up; whoever wants to know asks its holding."""
        partition = partition_of(installation_id)
        mine, epoch = await self._looks.of((holding.charger_id, holding.number, partition))
        self._epochs.heard(partition, epoch or 0)
        return mine

    async def _look(
        self, asked: Sequence[tuple[ChargerId, int, int]]
    ) -> list[tuple[bool, int | None]]:
        columns = [list(it) for it in zip(*asked, strict=True)]
        rows = await self._pool.fetch(_LOOK, self._gateway_id, *columns)
        return [(row["mine"], row["epoch"]) for row in rows]

    async def end(self, charger_id: ChargerId, number: int) -> None:
        """End a hold of this gateway."""
        await self._pool.execute(_END, charger_id, self._gateway_id, number)

    async def forget(self, holder: Holder) -> None:
        """End a hold of a gateway that is gone."""
        await self._pool.execute(_END, holder.charger_id, holder.gateway_id, holder.number)


def _nobody() -> None:
    """Nobody is told yet."""
