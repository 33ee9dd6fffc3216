"""Questions to notifications: who is told what, and what was given up."""

from typing import Final, TypeVar

import structlog
from nats.aio.client import Client
from nats.errors import Error as NatsError
from pydantic import ValidationError

from shared import subjects
from shared.messages import Message, sent
from shared.messages.people import Query

SERVICE: Final = "notifications"
WAIT_S: Final = 3.0

M = TypeVar("M", bound=Message)

log = structlog.get_logger()


async def ask(client: Client, query: Query, answer: type[M]) -> M | None:
    """Ask a question; none if nobody answers. What the page is not for is checked before."""
    subject = subjects.query(SERVICE, type(query).__name__)
    try:
        reply = await client.request(subject, sent(query), timeout=WAIT_S)
        return answer.model_validate_json(reply.data)
    except (NatsError, ValidationError) as fault:
        log.warning("notifications does not answer", subject=subject, fault=repr(fault))
        return None
