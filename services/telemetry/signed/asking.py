"""Tells of signed values: `queries.telemetry.SignedValues`."""

from typing import Any, Final

from nats.aio.client import Client

from services.telemetry.questions import answer
from services.telemetry.signed.agreeing import agreement
from services.telemetry.signed.ocmf import Opened, Told, opened
from shared.messages.signed import (
    SignedReading,
    SignedValue,
    SignedValues,
    SignedValuesAnswer,
)

_VALUES: Final = (
    "select * from signed_value where session_id = $1 order by measured_at, received_at, sha256"
)


class SignedDesk:
    """
    Answers from the table.

    Args:
        pool: connections to the database of telemetry.
    """

    def __init__(self, pool: Any) -> None:  # noqa: ANN401  # asyncpg carries no types
        self._pool = pool

    async def of_session(self, query: SignedValues) -> SignedValuesAnswer:
        """Tell what a meter has signed of a session."""
        rows = await self._pool.fetch(_VALUES, query.session_id)
        if not rows:
            return SignedValuesAnswer()
        texts = [it["content"].decode("utf-8", "replace") for it in rows]
        found = [
            opened(text, query.public_key or row["public_key"])
            for text, row in zip(texts, rows, strict=True)
        ]
        told = [reading for it in found for reading in it.readings]
        first = rows[0]
        ends = next((it["end_wh"] for it in rows if it["end_wh"] is not None), None)
        compared = agreement(told, first["start_wh"], ends)
        return SignedValuesAnswer(
            installation_id=first["installation_id"],
            charger_id=first["charger_id"],
            person_id=first["person_id"],
            values=tuple(map(_value, rows, texts, found)),
            begin_differs_wh=compared.begin_wh,
            end_differs_wh=compared.end_wh,
            energy_differs_wh=compared.energy_wh,
            agrees=compared.agrees,
        )


def _value(row: Any, text: str, found: Opened) -> SignedValue:  # noqa: ANN401
    return SignedValue(
        context=row["context"],
        format=row["format"],
        measured_at=row["measured_at"],
        received_at=row["received_at"],
        sha256=row["sha256"].hex(),
        text=text,
        public_key=row["public_key"],
        verdict=found.verdict,
        why=found.why,
        meter=found.meter,
        readings=tuple(map(_reading, found.readings)),
    )


def _reading(told: Told) -> SignedReading:
    return SignedReading(
        at=told.at,
        clock=told.clock,
        reason=None if told.reason is None else str(told.reason),
        register_name=told.register,
        value_wh=told.value_wh,
        status=told.status,
    )


async def answer_signed(client: Client, pool: Any) -> None:  # noqa: ANN401  # asyncpg carries no types
    """Answer questions about signed values, for as long as the connection is open."""
    await answer(client, SignedValues, SignedDesk(pool).of_session, SignedValuesAnswer)
