"""
What telemetry knows of permissions: roles and cards, folded from its log, and how old that knowledge is.

Decisions are made on it whether permissions is there or not. Every few seconds permissions is asked how
far its log has come; once that far has been followed, what is known was all there was at that moment.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Final

import asyncpg
import structlog
from nats.aio.client import Client
from nats.errors import Error as NatsError
from pydantic import ValidationError

from services.telemetry.authorising import Known
from services.telemetry.signed.keeping import forget as forget_signed
from shared import subjects
from shared.clock import utc_now
from shared.documents import numbered
from shared.followers import Connection, Follower, read_cursor
from shared.ids import InstallationId, PersonId, made_at
from shared.messages import Command, sent
from shared.messages.people import Standing, StandingAnswer
from shared.messages.permissions import PersonForgotten
from shared.recorded import Recorded
from shared.rights import book, card_book
from shared.rights.book import PERMISSIONS, GrantBook
from shared.rights.card_book import CardBook
from shared.rights.cards import Card, card_mark
from shared.rights.grants import NOTHING

ASK_S: Final = 3.0
ANSWER_S_MAX: Final = 2.0
STALE_S: Final = 30.0
"""After how long without news of permissions it is said that decisions are made on old knowledge."""
QUERY: Final = subjects.query(PERMISSIONS, Standing.__name__)
HEARD: Final = book.HEARD | card_book.HEARD

log = structlog.get_logger()


class Rights:
    """Who may do what, and whose card is which, as far as this process has heard."""

    def __init__(self, client: Client, key: bytes, number: int = 1) -> None:
        """
        Make it; `open` reads what is there.

        Args:
            client: asks permissions how far it has come.
            key: of the marks of cards.
            number: of this process among the gateways; each folds for itself.
        """
        self._consumer = numbered("telemetry", number)
        self._client = client
        self._key = key
        self._grants = GrantBook(number)
        self._cards = CardBook(number)
        self._position = 0
        self._as_of: datetime | None = None
        self._announced: tuple[int, datetime] | None = None
        """How far permissions had come when it was asked, and when that was."""
        self._stale = False

    async def open(self, pool: "asyncpg.Pool[Any]") -> None:
        """Read what is there."""
        await self._grants.open(pool)
        await self._cards.open(pool)
        cursor = await read_cursor(pool, self.follower(pool, _nobody))
        if cursor is not None:
            self._position = cursor.position
        if cursor is not None and cursor.event_id is not None:
            self._known_at(made_at(cursor.event_id))

    # --- What is known ---

    @property
    def known(self) -> Known:
        return Known(self._grants.grants, self._position, self._as_of)

    def mark_of(self, number: str) -> str:
        """Name a card, or whatever a driver shows, by its mark."""
        return card_mark(number, self._key)

    def card(self, mark: str) -> Card | None:
        """Say whose card a mark is of; none if it is nobody's."""
        return self._cards.get(mark)

    def check(self, command: Command, actor: str) -> str:
        """
        Check that somebody may ask for a command now; say by what right.

        Raises:
            Forbidden: they may not.
        """
        return self._grants.check(command, actor)

    def marks_at(self, installation_id: InstallationId) -> list[str]:
        """Name the cards of everybody who has been given anything at an installation."""
        grants = self._grants.grants
        given = {it.grantee for it in grants.places.get(installation_id, NOTHING).grants}
        groups = frozenset(it.removeprefix("group/") for it in given if it.startswith("group/"))
        return self._cards.of(
            {
                *(it.removeprefix("person/") for it in given if it.startswith("person/")),
                *_members(grants.memberships.items(), groups),
            }
        )

    # --- How it comes to be known ---

    def follower(self, pool: "asyncpg.Pool[Any]", changed: Callable[[], None]) -> Follower:
        """Say how the log of permissions is followed, and who hears of what may change decisions."""

        async def reload() -> None:
            await self.open(pool)

        async def apply(connection: Connection, recorded: Recorded) -> None:
            await self._grants.apply(connection, recorded)
            await self._cards.apply(connection, recorded)
            if recorded.type == PersonForgotten.__name__:
                event = recorded.event
                assert isinstance(event, PersonForgotten)  # noqa: S101  # its type says so
                await forget_signed(connection, event.person_id)

        def committed(applied: Sequence[Recorded]) -> None:
            if applied:
                self._position = applied[-1].position
                self._known_at(applied[-1].recorded_at)
                self._catch_up()
            if any(it.type in HEARD for it in applied):
                changed()

        return Follower(self._consumer, PERMISSIONS, apply, reload, committed)

    async def watch(self) -> None:
        """Ask permissions again and again how far it has come, for as long as the service runs."""
        began_at = utc_now()
        while True:
            asked_at = utc_now()
            position = await self._ask()
            if position is not None:
                self._announced = (position, asked_at)
                self._catch_up()
            self._tell_age(began_at)
            await asyncio.sleep(ASK_S)

    async def _ask(self) -> int | None:
        question = sent(Standing())
        try:
            reply = await self._client.request(QUERY, question, timeout=ANSWER_S_MAX)
            return StandingAnswer.model_validate_json(reply.data).position
        except (NatsError, OSError, ValidationError):
            return None  # that it is away is said by the age of what is known

    def _catch_up(self) -> None:
        if self._announced is not None and self._position >= self._announced[0]:
            self._known_at(self._announced[1])
            self._announced = None

    def _known_at(self, moment: datetime) -> None:
        self._as_of = moment if self._as_of is None else max(moment, self._as_of)

    def _tell_age(self, began_at: datetime) -> None:
        """Say when news of permissions have been missing for too long, and when they are back."""
        heard_at = began_at if self._as_of is None else max(began_at, self._as_of)
        stale = (utc_now() - heard_at).total_seconds() > STALE_S
        if stale and not self._stale:
            log.warning(
                "permissions is not heard, drivers are judged by what is known",
                known_position=self._position,
                known_as_of=self._as_of,
            )
        elif self._stale and not stale:
            log.info("permissions is heard again", known_position=self._position)
        self._stale = stale


def _members(
    memberships: Iterable[tuple[PersonId, Any]], groups: frozenset[str]
) -> Iterable[PersonId]:
    if not groups:
        return ()
    return (person for person, of in memberships if not of.groups.isdisjoint(groups))


def _nobody() -> None:
    """Nobody hears of it."""
