"""Questions that others ask of telemetry: `queries.telemetry.…`. Nothing changes by them."""

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from pydantic import ValidationError

from shared import subjects
from shared.event_store import DATABASE_FAULTS
from shared.messages import Message
from shared.messages.people import Query

SERVICE: Final = "telemetry"

Q = TypeVar("Q", bound=Query)

log = structlog.get_logger()


async def answer(
    client: Client,
    kind: type[Q],
    answerer: Callable[[Q], Awaitable[Message]],
    faulty: Callable[..., Message],
) -> None:
    """
    Answer one kind of question.

    Args:
        client: of NATS.
        kind: the question.
        answerer: answers it.
        faulty: makes the answer that there is none, of its `fault`.
    """

    async def on_question(message: Msg) -> None:
        async def respond(told: Message) -> None:
            await message.respond(told.model_dump_json(exclude_none=True).encode())

        try:
            query = kind.model_validate_json(message.data)
        except ValidationError as error:
            first = error.errors()[0]
            await respond(
                faulty(fault=f"this is no question for {kind.__name__}: {first['msg']}")
            )
            return
        try:
            told = await answerer(query)
        except (*DATABASE_FAULTS, TimeoutError) as error:
            log.warning("question not answered", query=kind.__name__, error=repr(error))
            told = faulty(fault="telemetry cannot read its tables now; try again")
        await respond(told)

    await client.subscribe(
        subjects.query(SERVICE, kind.__name__), queue=SERVICE, cb=on_question
    )
