"""
Where commands about people are decided: one after the other, on everything that has happened.

Hardly any decision is about one stream alone, so each is taken on the whole register. A lock of the
database keeps other processes of the service from deciding at the same moment; whoever has it reads the log
up to its end first.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import asyncpg
import structlog

from services.permissions.circumstances import Circumstances
from services.permissions.decider import by_stream, decide
from services.permissions.evolve import hear
from services.permissions.language import PeopleEvent, Wish
from services.permissions.layout_book import LayoutBook
from services.permissions.register import Register
from services.permissions.sealing import Unsealable, address_mark, command_mark
from services.permissions.streams import ADDRESS, claims_of
from services.permissions.vault import CARD, NAME, PERSON, WORDS, Vault
from shared.clock import utc_now
from shared.commits import DATABASE_FAULTS, CommandKnown, Commit, Conflict, StreamEvents, Taken
from shared.context import Context
from shared.decider import CommandIdReused, Refused
from shared.event_store import EventStore
from shared.ids import PersonId
from shared.messages import Answer, Note
from shared.messages.permissions import (
    ForgetPerson,
    GrantRole,
    InvitePerson,
    PersonForgotten,
    RegisterCard,
    RenamePerson,
    RequestAccess,
)
from shared.recorded import Meta
from shared.rights.cards import card_mark
from shared.tasks import keep_running
from shared.transact import ACCEPTED, refusal_of

ATTEMPTS_MAX: Final = 50
LOCK: Final = 7203316212
"""Of the database: who decides about people."""
LOOK_S: Final = 0.5
"""How often it is looked for what another process has appended."""
HEAR_S_MAX: Final = 2.0
"""How long a place that permissions has not heard of is waited for: it may be new."""
PERSON_ID: Final = "PERSON_ID"

Forget = Callable[[PersonId], Awaitable[None]]

log = structlog.get_logger()


@dataclass(slots=True)
class Parts:
    """What the desk stands on."""

    pool: "asyncpg.Pool[Any]"
    store: EventStore
    vault: Vault
    layout: LayoutBook
    mark_key: bytes
    forget: Forget
    """Deletes what else is kept of a person: passwords, sessions, tokens."""


class Desk:
    """Decides, appends, and knows what has happened."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._turn = asyncio.Lock()
        self._to_destroy: set[PersonId] = set()
        self.register = Register()

    async def open(self) -> None:
        """Read the whole log, and finish what a crash may have left of forgetting."""
        async with self._turn:
            await self._catch_up()

    async def tail(self) -> None:
        """Hear of what other processes and signing in append, for ever."""

        def on_fault(fault: Exception) -> None:
            log.warning("the log of permissions cannot be read now", fault=repr(fault))

        await keep_running(self.open, DATABASE_FAULTS, on_fault, LOOK_S)

    async def execute(self, command: Wish, context: Context) -> Answer:
        """
        Decide a command, and append what it decides.

        The same command_id again gets the first answer; with other content it is refused.

        Raises:
            Conflict: other writers were first `ATTEMPTS_MAX` times in a row.
        """
        await self._heard_of(command)
        mark = command_mark(command, self._parts.mark_key)
        try:
            return await self._in_turn(command, context, mark)
        except Unsealable as fault:
            log.exception("personal data cannot be read")
            return refusal_of(fault)

    async def _in_turn(self, command: Wish, context: Context, mark: bytes) -> Answer:
        async with self._taking_turns():
            for _ in range(ATTEMPTS_MAX):
                await self._catch_up()
                commit = await self._decided(command, context, mark)
                try:
                    position = await self._parts.store.append(commit)
                except Conflict:
                    continue
                except Taken as fault:
                    # By somebody else at this moment: only an address can be, all else is looked up.
                    log.info("key taken", kind=fault.kind)
                    continue
                except CommandKnown as known:
                    if known.first.fingerprint == mark:
                        return known.first.answer
                    return refusal_of(
                        CommandIdReused(
                            f"command id {command.command_id} was used before, with other "
                            "content; send every new wish under a new id"
                        )
                    )
                await self._catch_up()
                return commit.answer.model_copy(update={"position": position})
        raise Conflict("the log of permissions")

    async def rehearse(self, command: Wish) -> tuple[Answer, tuple[PeopleEvent, ...]]:
        """Decide a command for the platform's operator, and append nothing."""
        await self._heard_of(command)
        async with self._taking_turns():
            await self._catch_up()
            around = await self._circumstances(command, by_people=False, in_earnest=False)
            try:
                events = decide(command, self.register, around)
            except Refused as refusal:
                return refusal_of(refusal), ()
        return ACCEPTED.model_copy(update={"notes": _notes(command, around)}), events

    @contextlib.asynccontextmanager
    async def _taking_turns(self) -> AsyncIterator[None]:
        async with (
            self._turn,
            self._parts.pool.acquire() as connection,
            connection.transaction(),
        ):
            await connection.execute("select pg_advisory_xact_lock($1)", LOCK)
            yield

    async def _heard_of(self, command: Wish) -> None:
        """Wait a moment for a place that was set up just now."""
        if not isinstance(command, GrantRole | RequestAccess):
            return
        place = (command.installation_id, command.charger_id)
        await self._parts.layout.heard_of(*place, HEAR_S_MAX)

    # --- Deciding ---

    async def _decided(self, command: Wish, context: Context, mark: bytes) -> Commit:
        around = await self._circumstances(command, by_people=context.allowed_by is not None)
        events: tuple[PeopleEvent, ...] = ()
        try:
            events = decide(command, self.register, around)
            answer = ACCEPTED.model_copy(update={"notes": _notes(command, around)})
        except Refused as refusal:
            log.info(
                "command refused",
                command=type(command).__name__,
                refusal=type(refusal).__name__,
                detail=refusal.detail,
            )
            answer = refusal_of(refusal)
        meta = Meta(
            actor=context.actor,
            command_id=command.command_id,
            correlation_id=context.correlation_id,
            causation_id=context.causation_id,
            allowed_by=context.allowed_by,
        )
        versions = self.register.versions
        parts = [
            StreamEvents(stream, versions.get(stream, 0), new)
            for stream, new in by_stream(events).items()
        ]
        claims = [claim for it in events for claim in claims_of(it, around.mark)]
        return Commit(command.command_id, mark, answer, meta, parts, claims)

    async def _circumstances(
        self, command: Wish, *, by_people: bool, in_earnest: bool = True
    ) -> Circumstances:
        mark = self._mark_in(command)
        known_as: PersonId | None = None
        if isinstance(command, InvitePerson):
            known_as = await self.holder_of(mark)
            new = known_as is None and command.person_id not in self.register.people
            if new and in_earnest:
                await self._parts.vault.make_key(command.person_id)
        elif isinstance(command, ForgetPerson):
            mark = await self._address_of(command.person_id)
        return Circumstances(
            now=utc_now(),
            layout=self._parts.layout.sites,
            by_people=by_people,
            sealed=await self._sealed(command, known_as) if in_earnest else "",
            mark=mark,
            known_as=known_as,
        )

    def _mark_in(self, command: Wish) -> str:
        match command:
            case InvitePerson():
                return address_mark(command.email, self._parts.mark_key)
            case RegisterCard():
                return card_mark(command.number, self._parts.mark_key)
            case _:
                return ""

    async def _address_of(self, person_id: PersonId) -> str:
        person = self.register.person(person_id)
        if person is None:
            return ""
        known = await self._parts.vault.unseal(person_id, PERSON, person.sealed)
        return address_mark(known["email"], self._parts.mark_key)

    async def _sealed(self, command: Wish, known_as: PersonId | None) -> str:
        """Encrypt what is personal in a command, if it is about somebody who has a key."""
        seal = self._parts.vault.seal
        match command:
            case InvitePerson() if (
                known_as is None and command.person_id not in self.register.people
            ):
                content = {"email": command.email}
                if command.name is not None:
                    content["name"] = command.name
                if command.language is not None:
                    content["language"] = command.language
                return await seal(command.person_id, PERSON, content)
            case RenamePerson() if self.register.person(command.person_id):
                return await seal(command.person_id, NAME, {"name": command.name})
            case RequestAccess() if command.words and self.register.person(command.person_id):
                return await seal(command.person_id, WORDS, {"words": command.words})
            case RegisterCard() if self.register.person(command.person_id):
                content = {"number": command.number}
                if command.label is not None:
                    content["label"] = command.label
                return await seal(command.person_id, CARD, content)
            case _:
                return ""

    async def holder_of(self, mark: str) -> PersonId | None:
        """Name the person whose address has a mark."""
        found: PersonId | None = await self._parts.pool.fetchval(
            "select holder from reservation where kind = $1 and key = $2", ADDRESS, mark
        )
        return found

    # --- Hearing ---

    async def _catch_up(self) -> None:
        """Take in what was appended since; destroy the keys of those who were forgotten."""
        async for page in self._parts.store.durable_pages(self.register.position):
            for recorded in page:
                hear(self.register, recorded)
                if recorded.type == PersonForgotten.__name__:
                    self._to_destroy.add(recorded.stream.removeprefix("person-"))
        if self._to_destroy:
            await self._parts.vault.destroy(self._to_destroy)
            for person_id in tuple(self._to_destroy):
                await self._parts.forget(person_id)
                self._to_destroy.discard(person_id)


def _notes(command: Wish, around: Circumstances) -> Sequence[Note]:
    """Whoever invites is told under which id the person is known, new or not."""
    if not isinstance(command, InvitePerson):
        return ()
    person_id = around.known_as or command.person_id
    return (Note(code=PERSON_ID, about=person_id, text="known by this id", mend=""),)
