"""
What permissions is asked by other services, and what it answers: nothing changes by it, and nothing of
it is in a log. Card numbers are in it, so whoever asks keeps no answer.
"""

from pydantic import ConfigDict, Field

from shared.ids import ChargerId, InstallationId
from shared.messages import Message
from shared.messages.permissions import CardNumber


class Query(Message):
    """A question. Unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Standing(Query):
    """How far has the log of permissions come?"""


class StandingAnswer(Message):
    position: int = Field(ge=0)
    """Of the newest event; 0 for an empty log."""


class CardsOf(Query):
    """Which cards may be shown at a charger, by number? For telemetry alone, for the charger's own list."""

    installation_id: InstallationId
    charger_id: ChargerId


class ListedCard(Message):
    """One card of somebody who has a role at the charger or its installation."""

    number: CardNumber


class CardsOfAnswer(Message):
    cards: tuple[ListedCard, ...]
    position: int = Field(ge=0)
    """In the log of permissions: up to where the answer knows."""
