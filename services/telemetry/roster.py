"""
Which gateways there are, and which of them are alive: told by locks of PostgreSQL sessions.

Every gateway has one connection that holds nothing but locks: its number, under which it follows the logs
of others, and one of its own. When the process dies, they are free within milliseconds; when it is stopped
or cut off, after `SESSION_S`. A lock that stays free for `GRACE_S` says that its gateway is gone, and did
not only lose its connection, as all do when PostgreSQL restarts. Whoever gets it then alone puts on record
which chargers have lost their connection with that gateway.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import count
from typing import Any, Final

import structlog

from services.telemetry.holds import CHANNEL
from shared import lock_session
from shared.clock import uptime_s
from shared.event_store import DATABASE_FAULTS, StoreFault
from shared.lock_session import LOCK_FAULTS

NUMBER_CLASS: Final = 7203321
"""Of the locks of the numbers that gateways go by."""
SESSION_S: Final = 10.0
"""After so long without a word the server ends the connection, and the gateway counts as gone."""
GRACE_S: Final = 3.0
"""For so long a gateway that has lost its connection may take its lock again."""
LOOK_S: Final = 0.5
"""How soon it is seen that somebody has died."""
RETAKE_S_MAX: Final = SESSION_S + 5.0
"""For so long the server may take our own former connection for alive, and keep our locks from us."""
FRESH_S: Final = 3.0
"""A gateway that has not looked for so long announces the log no more; the next one does."""
_LOOK: Final = """
    with seen as (
        update gateway set seen_at = clock_timestamp() where gateway_id = $1
        returning gateway_id
    ), held as (
        select (classid::bigint << 32) | objid::bigint as key from pg_locks
        where locktype = 'advisory' and granted and objsubid = 1
        and database = (select oid from pg_database where datname = current_database())
    )
    select gateway_id, number,
        hashtextextended(gateway_id, 7203322) in (select key from held) as alive,
        gateway_id = $1 or clock_timestamp() - seen_at < make_interval(secs => $2) as fresh,
        gateway_id in (select gateway_id from seen) as mine
    from gateway
"""
_TAKE_OVER: Final = """
    update gateway set seen_at = 'epoch'
    where gateway_id = $1 and pg_try_advisory_lock(hashtextextended($1, 7203322))
    returning true
"""
_LOCK: Final = "select pg_advisory_lock(hashtextextended($1, 7203322))"
_UNLOCK: Final = "select pg_advisory_unlock(hashtextextended($1, 7203322))"
_LOCK_AGAIN: Final = (
    "select pg_try_advisory_lock($2, $3)"
    " and pg_try_advisory_lock(hashtextextended($1, 7203322))"
)
_LEAVE: Final = (
    "delete from gateway where gateway_id = $1"
    " and not exists (select from hold where held and gateway_id = $1)"
)

log = structlog.get_logger()

BuryOne = Callable[[str], Awaitable[None]]
OnTaken = Callable[[str, int], None]


class TakenForDead(Exception):
    """This gateway was silent for so long that others have gone on without it: it has to begin anew."""


class Roster:
    """This gateway on the list of all."""

    def __init__(self, database_url: str, gateway_id: str) -> None:
        self.gateway_id = gateway_id
        self.number = 0
        """What it goes by among those that live: nobody else has the same."""
        self._database_url = database_url
        self._connection: Any = None
        self._lowest = False
        self._looked_s = 0.0
        self._heard: OnTaken = _nobody
        self._burials: dict[str, asyncio.Task[None]] = {}
        """Of gateways that are gone, while this one has their locks."""
        self._free_since_s: dict[str, float] = {}
        """Since when the lock of a gateway was seen to be free, on this connection."""

    def leads(self) -> bool:
        """Tell whether this gateway is the one that announces the log."""
        return self._lowest and uptime_s() - self._looked_s < FRESH_S

    # --- Coming and going ---

    async def open(self) -> None:
        """
        Take the lowest free number, and stand on the list.

        Raises:
            OSError, TimeoutError, asyncpg.PostgresError: the database cannot be reached now.
        """
        self._connection = await self._connect()
        for number in count(1):
            if await self._connection.fetchval(
                "select pg_try_advisory_lock($1, $2)", NUMBER_CLASS, number
            ):
                break
        self.number = number
        await self._connection.fetchval(_LOCK, self.gateway_id)
        await self._connection.execute(
            "insert into gateway (gateway_id, number) values ($1, $2)", self.gateway_id, number
        )
        await self._listen()
        await self._look()
        log.info("gateway takes part", number=number, gateway_id=self.gateway_id)

    async def close(self) -> None:
        """Leave the list, unless something is left to be put on record; whoever sees that will do it."""
        for burial in self._burials.values():
            burial.cancel()
        if self._connection is None:
            return  # the database is away
        try:
            await self._connection.execute(_LEAVE, self.gateway_id)
        except LOCK_FAULTS as fault:
            log.warning("gateway stays on the list, others will take it off", fault=repr(fault))
        await self._cut()

    async def keep(
        self,
        bury: BuryOne,
        on_taken: OnTaken,
        on_back: Callable[[], Awaitable[None]],
    ) -> None:
        """
        Look after all gateways, for as long as the service runs.

        Args:
            bury: puts on record what a gateway that is gone has left behind.
            on_taken: hears of chargers that were taken from this one, and under which number it had them.
            on_back: looks after what may have happened while the database was away.

        Raises:
            TakenForDead: the process has to end.
        """
        self._heard = on_taken
        while True:
            try:
                await self._bury_gone(bury)
                await self._lay_to_rest()
            except LOCK_FAULTS as fault:
                log.warning("the list of gateways cannot be looked at", fault=repr(fault))
                await self._reconnect()
                await on_back()
            await asyncio.sleep(LOOK_S)

    async def _bury_gone(self, bury: BuryOne) -> None:
        """Begin to put on record what those have left behind that are gone, whose locks nobody else has.

        It takes its time, and this gateway has to say meanwhile that it lives.
        """
        for gateway_id in await self._look():
            if await self._connection.fetchval(_TAKE_OVER, gateway_id):
                log.info("gateway is gone", gateway_id=gateway_id)
                burial = asyncio.create_task(_burial(bury, gateway_id), name="burial")
                self._burials[gateway_id] = burial

    async def _lay_to_rest(self) -> None:
        """Take those off the list that have left nothing behind any more."""
        for gateway_id in [it for it, task in self._burials.items() if task.done()]:
            await self._connection.execute(_LEAVE, gateway_id)
            await self._connection.execute(_UNLOCK, gateway_id)
            del self._burials[gateway_id]

    # --- The connection ---

    async def _look(self) -> list[str]:
        """Say that this gateway is alive, see who else is, and name those that are gone."""
        asked_s = uptime_s()
        rows = await self._connection.fetch(_LOOK, self.gateway_id, FRESH_S)
        if not any(it["mine"] for it in rows):
            raise TakenForDead("others have put on record that this gateway was lost")
        leading = [it["number"] for it in rows if it["alive"] and it["fresh"]]
        self._lowest = self.number == min(leading, default=0)
        self._looked_s = asked_s
        free = [it["gateway_id"] for it in rows if not it["alive"]]
        self._free_since_s = {it: self._free_since_s.get(it, asked_s) for it in free}
        return [
            it for it, since_s in self._free_since_s.items() if asked_s - since_s >= GRACE_S
        ]

    async def _connect(self) -> Any:  # noqa: ANN401  # asyncpg is untyped
        holder = lock_session.holder_of("gateway")
        return await lock_session.connect(self._database_url, holder, SESSION_S)

    async def _listen(self) -> None:
        def heard(_: Any, __: int, ___: str, payload: str) -> None:  # noqa: ANN401  # asyncpg's signature
            gateway_id, charger_id, number = payload.split(" ")
            if gateway_id == self.gateway_id:
                self._heard(charger_id, int(number))

        await self._connection.add_listener(CHANNEL, heard)

    async def _reconnect(self) -> None:
        """
        Connect anew, and take the same locks again.

        Raises:
            TakenForDead: somebody else has one of them.
        """
        self._free_since_s.clear()

        async def connect_anew() -> None:
            await self._cut()
            self._connection = await self._connect()

        async def take() -> bool:
            locks = (self.gateway_id, NUMBER_CLASS, self.number)
            if not await self._connection.fetchval(_LOCK_AGAIN, *locks):
                return False
            await self._listen()
            return True

        why_not = "the list of gateways cannot be reached"
        if not await lock_session.retake(connect_anew, take, RETAKE_S_MAX, LOOK_S, why_not):
            raise TakenForDead(f"others have the locks of gateway {self.number} now")

    async def _cut(self) -> None:
        connection, self._connection = self._connection, None
        await lock_session.close(connection)


@contextlib.asynccontextmanager
async def on_the_list(database_url: str, gateway_id: str) -> AsyncIterator[Roster]:
    """Stand on the list of gateways for as long as the context is open."""
    roster = Roster(database_url, gateway_id)
    await roster.open()
    try:
        yield roster
    finally:
        await roster.close()


async def _burial(bury: BuryOne, gateway_id: str) -> None:
    try:
        await bury(gateway_id)
    except (StoreFault, *DATABASE_FAULTS) as fault:
        # It stays on the list, and is looked after again.
        log.warning("lost connections not on record yet", fault=repr(fault))


def _nobody(_: str, __: int) -> None:
    """Nobody is told yet."""
