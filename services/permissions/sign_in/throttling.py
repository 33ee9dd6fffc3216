"""Failures as they are counted: in a table, so that no restart and no second process forgives them."""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import asyncpg

from services.permissions.sign_in.refusals import TooManyAttempts
from services.permissions.sign_in.throttle import (
    FREE,
    Of,
    Tally,
    begins_to_wait,
    counted,
    network_of,
    taken_back,
    wait_s,
)
from shared.clock import utc_now
from shared.followers import Connection

FORGOTTEN_AFTER: Final = timedelta(days=1)
ROWS_MAX: Final = 200_000
"""Of failures that are remembered; beyond that the oldest are forgotten."""


@dataclass(frozen=True, slots=True)
class Count:
    """Something that failures are counted for."""

    of: Of
    key: bytes

    @classmethod
    def for_(cls, of: Of, *what: str) -> "Count":
        text = "\0".join((of, *what))
        return cls(of, hashlib.sha256(text.encode()).digest())


def counts_of(remote: str, account: str, *, device: str | None) -> tuple[Count, ...]:
    """
    Say what a failure is counted for.

    Args:
        remote: the address it comes from.
        account: what somebody wants to sign in as, known or not.
        device: the secret of a device that belongs to that account.
    """
    if device is not None:
        return (Count.for_(Of.DEVICE, device),)
    network = network_of(remote)
    return Count.for_(Of.NETWORK, network), Count.for_(Of.ACCOUNT, account, network)


class Throttling:
    """Who has to wait."""

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        self._pool = pool

    async def admit(self, counts: Sequence[Count]) -> bool:
        """
        Count an attempt as failed before it is made, so that many at once are counted each.

        Returns:
            Whether from this failure on attempts have to wait, if it is one.

        Raises:
            TooManyAttempts: it has to wait; it is not made and not counted.
        """
        now = utc_now()
        async with self._pool.acquire() as connection, connection.transaction():
            tallies = await _locked(connection, counts)
            waiting_s = max(wait_s(tallies.get(it.key), FREE[it.of], now) for it in counts)
            if waiting_s > 0:
                raise _too_many(waiting_s)
            after = {it: counted(tallies.get(it.key), now) for it in counts}
            await _write(connection, {it.key: tally for it, tally in after.items()})
        return any(
            begins_to_wait(after[it], FREE[it.of]) for it in counts if it.of is not Of.NETWORK
        )

    async def succeeded(self, counts: Sequence[Count]) -> None:
        """Take back what was counted. What was counted for the account is forgiven altogether."""
        now = utc_now()
        async with self._pool.acquire() as connection, connection.transaction():
            tallies = await _locked(connection, counts)
            after = {
                it.key: taken_back(tallies.get(it.key), now)
                if it.of is Of.NETWORK
                else Tally(0.0, now)
                for it in counts
            }
            await _write(connection, after)

    async def forget_old(self) -> None:
        """Keep the table small."""
        await self._pool.execute(
            "delete from failed_sign_ins where last_at < $1", utc_now() - FORGOTTEN_AFTER
        )
        await self._pool.execute(
            "delete from failed_sign_ins where counted_for in "
            "(select counted_for from failed_sign_ins order by last_at desc offset $1)",
            ROWS_MAX,
        )


async def _locked(connection: Connection, counts: Sequence[Count]) -> dict[bytes, Tally]:
    """Read tallies, and let nobody else until the transaction ends; always in one order."""
    keys = sorted(it.key for it in counts)
    await connection.execute(
        "insert into failed_sign_ins select unnest($1::bytea[]), 0, $2 on conflict do nothing",
        keys,
        utc_now(),
    )
    rows = await connection.fetch(
        "select counted_for, failures, last_at from failed_sign_ins "
        "where counted_for = any($1) order by counted_for for update",
        keys,
    )
    return {row["counted_for"]: Tally(row["failures"], row["last_at"]) for row in rows}


async def _write(connection: Connection, tallies: dict[bytes, Tally]) -> None:
    await connection.executemany(
        "update failed_sign_ins set failures = $2, last_at = $3 where counted_for = $1",
        [(key, it.failures, it.last_at) for key, it in tallies.items()],
    )


def _too_many(waiting_s: float) -> TooManyAttempts:
    seconds = math.ceil(waiting_s)
    until = f"{seconds} s" if seconds < 120 else f"{math.ceil(seconds / 60)} min"
    return TooManyAttempts(
        f"Too many sign-ins have failed from here. Try again in {until}, or sign in with a passkey.",
        seconds,
    )
