"""What a decision has to know beside the command and the register: time, chance, and what others say."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from shared.ids import ChargerId, InstallationId, PersonId
from shared.rights.grants import Place


@dataclass(frozen=True, slots=True)
class Circumstances:
    """
    The circumstances of one command.

    Args:
        now: the present moment.
        layout: the installations there are, each with its chargers.
        by_people: a person asks, not the platform's operator.
        sealed: what of the command is personal, encrypted with the person's key.
        mark: the mark of the card, or of the address, that the command names.
        known_as: who has the address that the command names, if anybody has.
    """

    now: datetime
    layout: Mapping[InstallationId, frozenset[ChargerId]] = field(default_factory=dict)
    by_people: bool = False
    sealed: str = ""
    mark: str = ""
    known_as: PersonId | None = None

    def has(self, place: Place) -> bool:
        """Tell whether there is such a place."""
        chargers = self.layout.get(place.installation_id or "")
        if chargers is None:
            return False
        return place.charger_id is None or place.charger_id in chargers
