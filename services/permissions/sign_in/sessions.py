"""
Who is signed in, in which browser.

A session's secret is made anew at every sign-in and whenever the person shows again who they are: one that
somebody planted, or saw before, is worth nothing afterwards.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

import asyncpg

from services.permissions.sign_in.minting import hash_of, new_secret
from services.permissions.sign_in.refusals import SIGN_IN_AGAIN, NotSignedIn
from shared.clock import utc_now
from shared.followers import Connection
from shared.ids import new_id
from shared.messages.signing_in import From

WRITTEN_EVERY: Final = timedelta(minutes=1)
"""The last use of a session or token is written down at most so often."""
PER_PERSON_MAX: Final = 50
DEVICES_PER_PERSON_MAX: Final = 20
DEVICE_KEPT: Final = timedelta(days=180)
_COLUMNS: Final = (
    "session_id, person_id, method, browser, remote, signed_in_at, last_at, expires_at, "
    "stepped_up_at"
)


class Session(NamedTuple):
    """A browser in which somebody is signed in; in the order of its columns."""

    session_id: str
    person_id: str
    method: str
    browser: str
    remote: str
    signed_in_at: datetime
    last_at: datetime
    expires_at: datetime
    stepped_up_at: datetime | None


@dataclass(frozen=True, slots=True)
class Lasting:
    """How long sessions last."""

    session: timedelta
    idle: timedelta
    step_up: timedelta


class Sessions:
    """The sessions of everybody."""

    def __init__(self, pool: "asyncpg.Pool[Any]", lasting: Lasting) -> None:
        self._pool = pool
        self.lasting = lasting

    async def begin(
        self,
        connection: Connection,
        person_id: str,
        method: str,
        at: From,
        *,
        proven: bool,
    ) -> tuple[str, Session]:
        """
        Begin a session; the oldest ones of somebody with very many end.

        Args:
            connection: in whose transaction.
            person_id: whose.
            method: how they came in.
            at: from where.
            proven: whether that counts as a password or passkey just shown.
        """
        now = utc_now()
        secret = new_secret()
        session = Session(
            new_id(),
            person_id,
            method,
            at.browser,
            at.remote,
            now,
            now,
            now + self.lasting.session,
            now if proven else None,
        )
        await connection.execute(
            f"insert into browser_session (secret_hash, {_COLUMNS}) "  # noqa: S608  # names of ours
            "values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            hash_of(secret),
            *session,
        )
        await connection.execute(
            "delete from browser_session where session_id in (select session_id from browser_session "
            "where person_id = $1 order by signed_in_at desc offset $2)",
            person_id,
            PER_PERSON_MAX,
        )
        return secret, session

    async def find(self, secret: str) -> Session | None:
        """Find whose a session is, unless it has ended; and note that it is used."""
        now = utc_now()
        row = await self._pool.fetchrow(
            f"select {_COLUMNS} from browser_session "  # noqa: S608  # names of ours
            "where secret_hash = $1 and expires_at > $2 and last_at > $3",
            hash_of(secret),
            now,
            now - self.lasting.idle,
        )
        if row is None:
            return None
        session = Session._make(row)
        if now - session.last_at >= min(WRITTEN_EVERY, self.lasting.idle / 4):
            await self._pool.execute(
                "update browser_session set last_at = $2 where session_id = $1",
                session.session_id,
                now,
            )
        return session

    async def required(self, secret: str) -> Session:
        """
        Find whose a session is.

        Raises:
            NotSignedIn: nobody's, or not any more.
        """
        session = await self.find(secret)
        if session is None:
            raise NotSignedIn(SIGN_IN_AGAIN)
        return session

    def stepped_up_until(self, session: Session) -> datetime | None:
        """Say until when what was shown last counts."""
        if session.stepped_up_at is None:
            return None
        return session.stepped_up_at + self.lasting.step_up

    def is_proven(self, session: Session) -> bool:
        """Tell whether a password or a passkey was shown not long ago."""
        until = self.stepped_up_until(session)
        return until is not None and until > utc_now()

    async def step_up(self, session: Session) -> tuple[str, Session]:
        """Note that somebody has shown again who they are; the session gets another secret."""
        secret, now = new_secret(), utc_now()
        changed = await self._pool.fetchval(
            "update browser_session set secret_hash = $2, stepped_up_at = $3, last_at = $3 "
            "where session_id = $1 returning session_id",
            session.session_id,
            hash_of(secret),
            now,
        )
        if changed is None:  # it was ended meanwhile
            raise NotSignedIn(SIGN_IN_AGAIN)
        return secret, session._replace(stepped_up_at=now, last_at=now)

    async def of(self, person_id: str) -> Sequence[Session]:
        """List the sessions of a person that have not ended, the newest first."""
        now = utc_now()
        rows = await self._pool.fetch(
            f"select {_COLUMNS} from browser_session where person_id = $1 "  # noqa: S608  # names of ours
            "and expires_at > $2 and last_at > $3 order by signed_in_at desc",
            person_id,
            now,
            now - self.lasting.idle,
        )
        return [Session._make(row) for row in rows]

    async def end(self, person_id: str, session_id: str) -> bool:
        """End one session of a person; tell whether there was one."""
        ended = await self._pool.fetchval(
            "delete from browser_session where person_id = $1 and session_id = $2 "
            "returning session_id",
            person_id,
            session_id,
        )
        return ended is not None

    async def end_all(
        self,
        person_id: str,
        but: str | None = None,
        connection: Connection = None,
    ) -> None:
        """End all sessions of a person, but for one if it is named."""
        await (connection or self._pool).execute(
            "delete from browser_session where person_id = $1 and session_id is distinct from $2",
            person_id,
            but,
        )

    async def forget_old(self) -> None:
        """Keep the tables small."""
        now = utc_now()
        await self._pool.execute(
            "delete from browser_session where expires_at < $1 or last_at < $2",
            now,
            now - self.lasting.idle,
        )
        await self._pool.execute(
            "delete from known_device where last_at < $1", now - DEVICE_KEPT
        )


class Devices:
    """From which devices people have signed in before."""

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        self._pool = pool

    async def knows(self, device: str | None, person_id: str | None) -> bool:
        """Tell whether it is a device of that person."""
        if device is None or person_id is None:
            return False
        found = await self._pool.fetchval(
            "select 1 from known_device where secret_hash = $1 and person_id = $2",
            hash_of(device),
            person_id,
        )
        return found is not None

    async def remember(self, connection: Connection, device: str | None, person_id: str) -> str:
        """Remember a device after a sign-in; return its secret, a new one if it is new to this person."""
        now = utc_now()
        known = device is not None and await connection.fetchval(
            "update known_device set last_at = $3 where secret_hash = $1 and person_id = $2 "
            "returning 1",
            hash_of(device),
            person_id,
            now,
        )
        if device is not None and known:
            return device
        secret = new_secret()
        await connection.execute(
            "insert into known_device values ($1, $2, $3)", hash_of(secret), person_id, now
        )
        await connection.execute(
            "delete from known_device where secret_hash in (select secret_hash from known_device "
            "where person_id = $1 order by last_at desc offset $2)",
            person_id,
            DEVICES_PER_PERSON_MAX,
        )
        return secret
