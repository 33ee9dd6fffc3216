"""
How meters at breakers are heard of: counted in memory, and written down every few seconds.

Several gateways write to the same rows: each adds what it has counted, and the latest of all is kept.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import asyncpg
import structlog

from services.telemetry.breaker_meters import ReadingRefused, Taken
from shared.event_store import DATABASE_FAULTS
from shared.ids import InstallationId, MeterId
from shared.meter_query import LastRefused, LastTaken, MeterStanding
from shared.tasks import keep_running

WRITE_EVERY_S: Final = 2.0
PAUSE_S: Final = 1.0
DETAIL_MAX: Final = 500
"""So much of why a reading was refused is kept."""

_ADD: Final = """
insert into meter_standing as it values ($1, $2, $3, $4, $5, $6)
on conflict (installation_id, meter_id) do update set
    taken = it.taken + excluded.taken,
    refused = it.refused + excluded.refused,
    last_taken = coalesce(excluded.last_taken, it.last_taken),
    last_refused = coalesce(excluded.last_refused, it.last_refused)
"""

log = structlog.get_logger()

_Key = tuple[InstallationId, MeterId]


@dataclass(slots=True)
class _News:
    taken: int = 0
    refused: int = 0
    last_taken: LastTaken | None = None
    last_refused: LastRefused | None = None


@dataclass(slots=True)
class MeterStandings:
    """What is counted of every meter, and what of that is not written down yet."""

    pool: "asyncpg.Pool[Any]"
    refusals: "Counter[str]" = field(default_factory=Counter)
    """How often something was refused, by its name and the way it came, since this process began."""
    _news: dict[_Key, _News] = field(default_factory=dict)

    def taken(self, taken: Taken, by: str) -> None:
        """Count a reading that was taken."""
        reading = taken.reading
        news = self._news.setdefault((reading.installation_id, reading.meter_id), _News())
        news.taken += 1
        news.last_taken = LastTaken(reading=reading, shape=taken.shape, by=by)

    def refused(
        self,
        installation_id: InstallationId,
        meter_id: MeterId,
        why: ReadingRefused,
        by: str,
        at: datetime,
        *,
        known: bool,
    ) -> None:
        """Count a reading that was refused; of a meter that nobody entered, in sum only."""
        self.refusals[f"{by} {why.refusal}"] += 1
        log.info(
            "breaker reading refused",
            installation_id=installation_id,
            meter_id=meter_id,
            by=by,
            refusal=why.refusal,
            detail=why.detail,
            times=self.refusals[f"{by} {why.refusal}"],
        )
        if known:
            news = self._news.setdefault((installation_id, meter_id), _News())
            news.refused += 1
            news.last_refused = LastRefused(
                at=at, refusal=why.refusal, detail=why.detail[:DETAIL_MAX], by=by
            )

    async def of(self, installation_id: InstallationId) -> Sequence[MeterStanding]:
        """
        Read how the meters of an installation are heard of.

        Raises:
            OSError, asyncpg.PostgresError, asyncpg.InterfaceError: it cannot be read.
        """
        await self.write()
        rows = await self.pool.fetch(
            "select meter_id, taken, refused, last_taken, last_refused from meter_standing"
            " where installation_id = $1 order by meter_id",
            installation_id,
        )
        return [_standing(it) for it in rows]

    async def run(self) -> None:
        """Write down what is counted, until cancelled."""

        async def work() -> None:
            while True:
                await asyncio.sleep(WRITE_EVERY_S)
                await self.write()

        def on_fault(fault: Exception) -> None:
            log.warning("standings of meters not written yet", error=repr(fault))

        await keep_running(work, DATABASE_FAULTS, on_fault, PAUSE_S)

    async def write(self) -> None:
        """Write down what is counted; what cannot be written is counted on."""
        news, self._news = self._news, {}
        try:
            await self.pool.executemany(_ADD, [_row(key, it) for key, it in news.items()])
        except BaseException:
            for key, it in news.items():
                self._put_back(key, it)
            raise

    def _put_back(self, key: _Key, old: _News) -> None:
        news = self._news.setdefault(key, _News())
        news.taken += old.taken
        news.refused += old.refused
        news.last_taken = news.last_taken or old.last_taken
        news.last_refused = news.last_refused or old.last_refused


def _row(key: _Key, news: _News) -> tuple[object, ...]:
    last = (
        None if it is None else it.model_dump_json()
        for it in (news.last_taken, news.last_refused)
    )
    return (*key, news.taken, news.refused, *last)


def _standing(row: "asyncpg.Record") -> MeterStanding:
    taken, refused = row["last_taken"], row["last_refused"]
    return MeterStanding(
        meter_id=row["meter_id"],
        taken=row["taken"],
        refused=row["refused"],
        last_taken=None if taken is None else LastTaken.model_validate_json(taken),
        last_refused=None if refused is None else LastRefused.model_validate_json(refused),
    )
