"""A charger that is kept for somebody (OCPP 1.6, sections 5.2 and 5.13)."""

from dataclasses import dataclass

from simulator.payloads import CallRefused, Payload, moment, needed, optional


@dataclass(frozen=True, slots=True)
class Reservation:
    """For whom, and until when by the charger's own clock, in seconds since 1970."""

    id: int
    id_tag: str
    until_s: float
    parent: str | None = None

    def lets(self, id_tag: str, parent: str | None = None) -> bool:
        """Tell whether a card is the one, or stands for it; spelling does not count."""
        if id_tag.upper() == self.id_tag.upper():
            return True
        return parent is not None and parent == self.parent


def parse_reservation(payload: Payload) -> Reservation:
    """
    Read what the server asks.

    Raises:
        CallRefused: a field is missing or malformed.
    """
    until_s = moment(payload, "expiryDate")
    if until_s is None:
        raise CallRefused("OccurenceConstraintViolation", "expiryDate is missing")
    return Reservation(
        needed(payload, "reservationId", int),
        needed(payload, "idTag", str),
        until_s,
        optional(payload, "parentIdTag", str),
    )
