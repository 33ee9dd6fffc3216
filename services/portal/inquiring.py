"""Asks permissions about people, in the name of whoever looks: it tells what that person may know."""

from typing import Final, TypeVar

from nats.aio.client import Client
from nats.errors import NoRespondersError
from nats.errors import TimeoutError as NatsTimeoutError
from pydantic import ValidationError

from services.portal.signing_in.questions import PermissionsUnavailable
from shared import subjects
from shared.context import ACTOR_HEADER
from shared.messages import Message, sent
from shared.messages.people import Query
from shared.messages.signing_in import Asker

SERVICE: Final = "permissions"
WAIT_S: Final = 5.0

M = TypeVar("M", bound=Message)


async def inquire(client: Client, asker: Asker, query: Query, answer: type[M]) -> M:
    """
    Ask a question.

    Args:
        client: NATS.
        asker: who wants to know.
        query: the question.
        answer: what is answered.

    Raises:
        PermissionsUnavailable: there is no answer, or none that can be read.
    """
    subject = subjects.query(SERVICE, type(query).__name__)
    try:
        reply = await client.request(
            subject,
            sent(query),
            timeout=WAIT_S,
            headers={ACTOR_HEADER: asker.actor},
        )
        return answer.model_validate_json(reply.data)
    except (NoRespondersError, NatsTimeoutError) as fault:
        raise PermissionsUnavailable(f"no answer on {subject}") from fault
    except ValidationError as fault:
        raise PermissionsUnavailable(f"an answer on {subject} cannot be read") from fault
