"""Which question is heard where, and who answers it."""

import re
from collections.abc import Awaitable, Callable
from typing import Any, Final

from faststream.nats import NatsMessage, NatsRouter

from services.permissions.queries import Queries
from shared import subjects
from shared.context import context_of
from shared.messages import Message
from shared.messages.people import (
    AccessOf,
    CardsOf,
    CardsOfPerson,
    Everybody,
    Groups,
    People,
    PersonByEmail,
    PlatformRoles,
    Query,
    Standing,
)

QUEUE: Final = "permissions"
NOBODY: Final = "person/anonymous"
"""Who says not who they are is told what a stranger is told: nothing."""
SERVICE: Final = "permissions"

Answerer = Callable[[Any, str], Awaitable[Message]]
Spelled = Callable[[str, str], str]


def query_routes(queries: Queries) -> NatsRouter:
    """Answer questions about people, at the door of services and at the operator's."""
    of_services: dict[type[Query], Answerer] = {
        Standing: queries.standing,
        CardsOf: queries.cards_of,
        People: queries.people,
        AccessOf: queries.access_of,
        CardsOfPerson: queries.cards_of_person,
    }
    of_operator: dict[type[Query], Answerer] = {
        Everybody: queries.everybody,
        PersonByEmail: queries.by_email,
        Groups: queries.groups,
        PlatformRoles: queries.platform_roles,
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
        return await answer(query, actor)

    name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind.__name__).lower()
    handler.__name__ = handler.__qualname__ = name
    handler.__doc__ = kind.__doc__
    return handler
