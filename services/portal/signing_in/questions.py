"""Asks permissions who somebody is, and hands over what people have typed."""

from typing import Final, Protocol, TypeVar

from nats.aio.client import Client
from nats.errors import NoRespondersError
from nats.errors import TimeoutError as NatsTimeoutError
from pydantic import ValidationError

from shared import subjects
from shared.context import present_context
from shared.messages import sent
from shared.messages.signing_in import Query, Reply

WAIT_S: Final = 5.0
UNAVAILABLE: Final = "Unavailable"

R = TypeVar("R", bound=Reply)


class PermissionsUnavailable(Exception):
    """Nobody can say at present who somebody is."""


class Questions(Protocol):
    """Whoever can be asked what permissions knows."""

    async def ask(self, query: Query, reply: type[R]) -> R:
        """
        Ask permissions.

        Args:
            query: what is asked.
            reply: what the answer is read as; a refusal has nothing but its name and text.

        Raises:
            PermissionsUnavailable: it does not answer, or cannot.
        """


class NatsQuestions:
    """The portal's side of `queries.permissions.<Name>`."""

    def __init__(self, client: Client, wait_s: float = WAIT_S) -> None:
        self._client = client
        self._wait_s = wait_s

    async def ask(self, query: Query, reply: type[R]) -> R:
        """Ask over NATS, see `Questions`."""
        subject = subjects.query(query.service, type(query).__name__)
        try:
            message = await self._client.request(
                subject,
                sent(query),
                timeout=self._wait_s,
                headers=present_context().headers(),
            )
            answer = Reply.model_validate_json(message.data)
            if answer.refusal == UNAVAILABLE:
                raise PermissionsUnavailable(answer.detail)
            return reply.model_validate_json(message.data)
        except (NoRespondersError, NatsTimeoutError) as fault:
            raise PermissionsUnavailable(f"no answer on {subject}") from fault
        except ValidationError as fault:
            raise PermissionsUnavailable(f"an answer on {subject} cannot be read") from fault
