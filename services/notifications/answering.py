"""Questions: which warnings there are, who is told what, and what was given up."""

import re
from collections.abc import Awaitable, Callable
from typing import Any, Final

from faststream.nats import NatsRouter

from services.notifications.audience import wanted_by
from services.notifications.handlers import Desk
from services.notifications.knowledge import Knowledge
from services.notifications.language import COMMANDS
from services.notifications.ledger import Ledger
from services.notifications.outbox import Outbox
from shared import subjects
from shared.clock import utc_now
from shared.decider import Refused
from shared.event_store import EventStore
from shared.messages import Message
from shared.messages.notices import (
    WARNINGS_MAX,
    ChoicesOf,
    ChoicesOfAnswer,
    DeadLetter,
    DeadLetters,
    DeadLettersAnswer,
    TellingOf,
    TellingOfAnswer,
    WarningLine,
    WarningsOf,
    WarningsOfAnswer,
    WebhookLine,
)
from shared.messages.notifications import (
    WarningAcknowledged,
    WarningCleared,
    WarningRaised,
    Way,
)
from shared.messages.people import Query, Rehearse, RehearseAnswer, Rehearsed
from shared.recorded import Recorded
from shared.transact import refusal_of
from shared.warning_words import headline, mend

QUEUE: Final = "notifications"
SERVICE: Final = "notifications"
BY_NAME: Final = {it.__name__: it for it in COMMANDS}
_OF_WARNINGS: Final = (WarningRaised, WarningCleared, WarningAcknowledged)

Answerer = Callable[[Any], Awaitable[Message]]


class UnknownCommand(Refused):
    """Only what notifications decides can be rehearsed."""


class Answers:
    """Answers what is asked; whoever has just changed something is told of it changed."""

    def __init__(
        self,
        store: EventStore,
        ledger: Ledger,
        knowledge: Knowledge,
        outbox: Outbox,
        desk: Desk,
        read: Callable[[], Awaitable[None]],
        *,
        by_email: bool,
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._knowledge = knowledge
        self._outbox = outbox
        self._desk = desk
        self._read = read
        self._by_email = by_email

    async def warnings_of(self, query: WarningsOf) -> WarningsOfAnswer:
        """List warnings, the newest first."""
        lines: dict[str, WarningLine] = {}
        async for page in self._store.pages():
            for recorded in page:
                fold_line(lines, recorded)
        wanted = [
            it
            for it in lines.values()
            if query.installation_id in {None, it.warning.installation_id}
            and (query.everything or it.cleared_at is None)
        ]
        wanted.sort(key=lambda it: it.raised_at, reverse=True)
        return WarningsOfAnswer(warnings=tuple(wanted[:WARNINGS_MAX]))

    async def telling_of(self, query: TellingOf) -> TellingOfAnswer:
        """Say who is told what of an installation."""
        await self._read()
        here = query.installation_id
        choices = self._ledger.choices_at(here)
        people = wanted_by(self._knowledge.book.grants, choices, here, utc_now())
        dead = [it.target for it in await self._outbox.dead(here) if it.way is Way.WEBHOOK]
        webhooks = (
            WebhookLine(
                webhook_id=it.webhook_id,
                url=it.url,
                kinds=it.kinds,
                generation=it.generation,
                old_until=it.old_until,
                dead=dead.count(it.webhook_id),
            )
            for it in choices.webhooks.values()
        )
        return TellingOfAnswer(
            people=tuple(it.chosen for it in people),
            webhooks=tuple(webhooks),
            orders=tuple(choices.orders.values()),
            by_email=self._by_email,
        )

    async def choices_of(self, query: ChoicesOf) -> ChoicesOfAnswer:
        """Say what a person is told of, wherever they may be warned."""
        await self._read()
        grants, now = self._knowledge.book.grants, utc_now()
        found = (
            wanted.chosen
            for installation_id in self._knowledge.sites.held
            for wanted in wanted_by(
                grants, self._ledger.choices_at(installation_id), installation_id, now
            )
            if wanted.person_id == query.person_id
        )
        return ChoicesOfAnswer(choices=tuple(found), by_email=self._by_email)

    async def dead_letters(self, query: DeadLetters) -> DeadLettersAnswer:
        """List what was given up."""
        rows = [
            it
            for it in await self._outbox.dead(query.installation_id)
            if it.dead_at is not None
        ]
        letters = (
            DeadLetter(
                delivery_id=it.delivery_id,
                installation_id=it.installation_id,
                webhook_id=it.target if it.way is Way.WEBHOOK else None,
                person_id=it.target if it.way is Way.EMAIL else None,
                kind=it.kind,
                warning_id=it.warning_id,
                attempts=it.attempts,
                fault=it.fault,
                dead_at=it.dead_at,
            )
            for it in rows
        )
        return DeadLettersAnswer(letters=tuple(letters))

    async def rehearse(self, query: Rehearse) -> RehearseAnswer:
        """Say what would become of a command."""
        kind = BY_NAME.get(query.command)
        if kind is None:
            text = f"{query.command} is no command of notifications; there are: {', '.join(BY_NAME)}"
            return RehearseAnswer(answer=refusal_of(UnknownCommand(text)))
        answer, events = await self._desk.rehearse(kind.model_validate(query.content))
        told = [
            Rehearsed(
                type=type(it).__name__, data=it.model_dump(mode="json", exclude_none=True)
            )
            for it in events
        ]
        return RehearseAnswer(answer=answer, events=tuple(told))

    def routes(self) -> NatsRouter:
        """Answer at the door of services, and at the operator's."""
        of_services: dict[type[Query], Answerer] = {
            WarningsOf: self.warnings_of,
            TellingOf: self.telling_of,
            ChoicesOf: self.choices_of,
            DeadLetters: self.dead_letters,
        }
        of_operator: dict[type[Query], Answerer] = {**of_services, Rehearse: self.rehearse}
        router = NatsRouter()
        for kind, answer in of_services.items():
            subject = subjects.query(SERVICE, kind.__name__)
            router.subscriber(subject, queue=QUEUE)(_handler(kind, answer, ""))
        for kind, answer in of_operator.items():
            subject = subjects.operator_query(SERVICE, kind.__name__)
            router.subscriber(subject, queue=QUEUE)(_handler(kind, answer, "operator_"))
        return router


def fold_line(lines: dict[str, WarningLine], recorded: Recorded) -> None:
    """Take in an event of the log: what became of each warning, by its id."""
    if recorded.type not in {it.__name__ for it in _OF_WARNINGS}:
        return
    event = recorded.event
    if isinstance(event, WarningRaised):
        lines[event.warning_id] = WarningLine(
            warning=event,
            raised_at=recorded.recorded_at,
            headline=headline(event),
            mend=mend(event),
        )
    elif isinstance(event, WarningCleared):
        over = {"cleared_at": recorded.recorded_at}
        lines[event.warning_id] = lines[event.warning_id].model_copy(update=over)
    elif isinstance(event, WarningAcknowledged):
        taken = {
            "acknowledged_at": recorded.recorded_at,
            "acknowledged_by": recorded.meta.actor,
            "note": event.note,
        }
        lines[event.warning_id] = lines[event.warning_id].model_copy(update=taken)


def _handler(
    kind: type[Query], answer: Answerer, prefix: str
) -> Callable[[Any], Awaitable[Message]]:
    """Make the handler of one question: FastStream reads the annotation to check what comes in."""

    async def handler(query: kind) -> Message:  # type: ignore[valid-type]  # a class at run time
        return await answer(query)

    name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind.__name__).lower()
    handler.__name__ = handler.__qualname__ = f"{prefix}{name}"
    handler.__doc__ = kind.__doc__
    return handler
