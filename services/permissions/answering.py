"""Which question is heard where, and who answers it."""

import re
from collections.abc import Awaitable, Callable
from typing import Any, Final

import structlog
from faststream.nats import NatsMessage, NatsRouter

from services.permissions.card_queries import CardQueries
from services.permissions.desk import Desk
from services.permissions.language import COMMANDS
from services.permissions.queries import Queries
from services.permissions.sealing import Unsealable
from shared import subjects
from shared.context import context_of
from shared.decider import Refused
from shared.messages import Message
from shared.messages.people import (
    AccessOf,
    CardsAt,
    CardsOf,
    CardsOfPerson,
    Everybody,
    FindPerson,
    Groups,
    People,
    PersonByEmail,
    PlatformRoles,
    Query,
    Rehearse,
    RehearseAnswer,
    Rehearsed,
    Standing,
)
from shared.transact import refusal_of

QUEUE: Final = "permissions"
NOBODY: Final = "person/anonymous"
"""Who says not who they are is told what a stranger is told: nothing."""
SERVICE: Final = "permissions"

BY_NAME: Final = {it.__name__: it for it in COMMANDS}

log = structlog.get_logger()

Answerer = Callable[[Any, str], Awaitable[Message]]
Spelled = Callable[[str, str], str]


class UnknownCommand(Refused):
    """Only what permissions decides can be rehearsed."""


def query_routes(queries: Queries, cards: CardQueries, desk: Desk) -> NatsRouter:
    """Answer questions about people, at the door of services and at the operator's."""

    async def rehearse(query: Rehearse, _: str) -> RehearseAnswer:
        kind = BY_NAME.get(query.command)
        if kind is None:
            text = (
                f"{query.command} is no command about people; there are: {', '.join(BY_NAME)}"
            )
            return RehearseAnswer(answer=refusal_of(UnknownCommand(text)))
        answer, events = await desk.rehearse(kind.model_validate(query.content))
        told = [
            Rehearsed(
                type=type(it).__name__,
                data=it.model_dump(mode="json", exclude_none=True, exclude={"sealed"}),
            )
            for it in events
        ]
        return RehearseAnswer(answer=answer, events=tuple(told))

    of_services: dict[type[Query], Answerer] = {
        Standing: queries.standing,
        CardsOf: cards.cards_of,
        People: queries.people,
        AccessOf: queries.access_of,
        CardsOfPerson: cards.cards_of_person,
        CardsAt: cards.cards_at,
        FindPerson: queries.find_person,
    }
    of_operator: dict[type[Query], Answerer] = {
        Everybody: queries.everybody,
        PersonByEmail: queries.by_email,
        Groups: queries.groups,
        PlatformRoles: queries.platform_roles,
        Rehearse: rehearse,
    }
    router = NatsRouter()
    for kind, answer in of_services.items():
        subject = subjects.query(SERVICE, kind.__name__)
        router.subscriber(subject, queue=QUEUE)(_handler(kind, answer))
    for kind, answer in of_operator.items():
        subject = subjects.operator_query(SERVICE, kind.__name__)
        router.subscriber(subject, queue=QUEUE)(_handler(kind, answer))
    return router


def _handler(
    kind: type[Query], answer: Answerer
) -> Callable[[Any, NatsMessage], Awaitable[Message]]:
    """Make the handler of one question: FastStream reads the annotation to check what comes in."""

    async def handler(query: kind, message: NatsMessage) -> Message:  # type: ignore[valid-type]  # a class at run time
        actor = context_of(message.headers, default_actor=NOBODY).actor
        try:
            return await answer(query, actor)
        except Unsealable:
            log.exception("question not answered", query=kind.__name__)
            raise

    name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind.__name__).lower()
    handler.__name__ = handler.__qualname__ = name
    handler.__doc__ = kind.__doc__
    return handler
