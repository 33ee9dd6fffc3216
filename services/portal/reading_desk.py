"""Questions to telemetry: what chargers and meters have measured, for as long as it is kept."""

from typing import Final, TypeVar

from nats.aio.client import Client
from nats.errors import Error as NatsError
from pydantic import ValidationError

from shared import subjects
from shared.messages import sent
from shared.messages.people import Query
from shared.messages.readings import (
    Fallible,
    Quarters,
    QuartersAnswer,
    Readings,
    ReadingsAnswer,
)
from shared.messages.signed import SignedValues, SignedValuesAnswer
from shared.messaging import ServiceUnavailable

SERVICE: Final = "telemetry"
WAIT_S: Final = 5.0

M = TypeVar("M", bound=Fallible)


class ReadingDesk:
    """
    Asks telemetry. Whether somebody may see the answer is checked before.

    Args:
        client: of NATS.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    async def readings(self, query: Readings) -> ReadingsAnswer:
        """
        Ask for single readings.

        Raises:
            ServiceUnavailable: there is no answer now.
        """
        return await self._ask(query, ReadingsAnswer)

    async def quarters(self, query: Quarters) -> QuartersAnswer:
        """
        Ask for quarters of an hour.

        Raises:
            ServiceUnavailable: there is no answer now.
        """
        return await self._ask(query, QuartersAnswer)

    async def signed(self, query: SignedValues) -> SignedValuesAnswer:
        """
        Ask for what a meter has signed of a session.

        Raises:
            ServiceUnavailable: there is no answer now.
        """
        return await self._ask(query, SignedValuesAnswer)

    async def _ask(self, query: Query, kind: type[M]) -> M:
        subject = subjects.query(SERVICE, type(query).__name__)
        try:
            data = sent(query)
            reply = await self._client.request(subject, data, timeout=WAIT_S)
            answer = kind.model_validate_json(reply.data)
        except (NatsError, ValidationError) as fault:
            raise ServiceUnavailable(f"no answer on {subject}") from fault
        if answer.fault is not None:
            raise ServiceUnavailable(answer.fault)
        return answer
