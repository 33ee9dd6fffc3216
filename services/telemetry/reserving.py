"""
For whom a charger is kept: whether it may be, what becomes of it, and by what the charger knows them.

A charger is told a card's number, or for a person a tag in place of one, besides what all cards of that
person have in common. The tag is made out of the reservation with the key of the marks of cards: nobody
else can make it, and it need not be kept.
"""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from services.telemetry.authorising import Shown, owns
from services.telemetry.charger import AssignedCharger, Charger, Reservation
from services.telemetry.said import Began
from shared.decider import Refused
from shared.ids import CommandId, PersonId, SessionId
from shared.messages.upkeep import ChargerReserved, ReservationEnded, WhyReservationEnded
from shared.rights.grants import Grants

RESERVED_MAX: Final = timedelta(hours=24)
TAG_BEGINS: Final = "RES-"
TAG_CHARS: Final = 16
"""With what it begins with, 20 characters: an OCPP 1.6 IdToken holds no more."""


class ForNobody(Refused):
    """It is not said for whom."""


class NotInTime(Refused):
    """The reservation would end before it begins, or last too long."""


class KeptForAnother(Refused):
    """The charger is kept for somebody else."""


class NotReserved(Refused):
    """The charger is kept for nobody."""


class NotYourReservation(Refused):
    """The reservation is somebody else's, and whoever asks does not own the charger."""


class ChargerInUse(Refused):
    """A session runs at the charger."""


def id_of(command_id: CommandId) -> int:
    """
    Number what a command asks for: the same whenever it is repeated, and never another's.

    >>> id_of("monday-1") == id_of("monday-1") != id_of("monday-2")
    True
    """
    return int.from_bytes(hashlib.sha256(command_id.encode()).digest()[:4]) >> 1


def tag_of(
    reservation_id: int, assigned: AssignedCharger, mark_of: Callable[[str], str]
) -> str:
    """Make what a charger is told in place of a card's number."""
    place = f"{assigned.installation_id}/{assigned.charger_id}/{assigned.serial}"
    return f"{TAG_BEGINS}{mark_of(f'reservation/{place}/{reservation_id}')[:TAG_CHARS].upper()}"


def is_tag(number: str) -> bool:
    """
    Tell what a charger was told in place of a card from cards.

    >>> is_tag("RES-0123456789ABCDEF"), is_tag("04A1B2C3")
    (True, False)
    """
    return number.upper().startswith(TAG_BEGINS)


def reserve(
    state: Charger, shown: Shown, reservation_id: int, until: datetime, now: datetime
) -> int:
    """
    Decide whether a charger may be asked to be kept for somebody.

    Returns:
        The number of the reservation: that of the one they have, if they have one.

    Raises:
        NotInTime, ChargerInUse, KeptForAnother: it may not.
    """
    if not now < until <= now + RESERVED_MAX:
        raise NotInTime("a reservation ends within a day from now; name a moment until then")
    if state.session is not None:
        raise ChargerInUse("a session runs at the charger; reserve it when that has ended")
    kept = state.reservation
    if kept is None or not kept.holds(now):
        return reservation_id
    if not kept.lets(shown.mark, shown.person_id):
        raise KeptForAnother(
            f"the charger is kept for somebody else until {kept.until.isoformat()}; choose another one"
        )
    return kept.reservation_id


def reserved(
    assigned: AssignedCharger, reservation_id: int, shown: Shown, until: datetime
) -> ChargerReserved:
    """A charger has agreed to be kept for somebody."""
    return ChargerReserved(
        installation_id=assigned.installation_id,
        charger_id=assigned.charger_id,
        reservation_id=reservation_id,
        person_id=shown.person_id,
        card_mark=shown.mark,
        until=until,
    )


def cancel(
    state: Charger,
    assigned: AssignedCharger,
    person_id: PersonId | None,
    grants: Grants,
    now: datetime,
) -> Reservation:
    """
    Decide whether somebody may end the reservation of a charger; none is the operator.

    Raises:
        NotReserved, NotYourReservation: they may not.
    """
    kept = state.reservation
    if kept is None or not kept.holds(now):
        raise NotReserved("the charger is kept for nobody; there is nothing to cancel")
    theirs = person_id is None or person_id == kept.person_id
    if not theirs and not owns(assigned, str(person_id), grants, now):
        raise NotYourReservation(
            "the reservation is somebody else's; they end it, or an owner of the charger"
        )
    return kept


def over(
    assigned: AssignedCharger,
    kept: Reservation,
    why: WhyReservationEnded,
    session_id: SessionId | None = None,
) -> ReservationEnded:
    """A charger is kept for somebody no more."""
    return ReservationEnded(
        installation_id=assigned.installation_id,
        charger_id=assigned.charger_id,
        reservation_id=kept.reservation_id,
        why=why,
        session_id=session_id,
    )


def used(
    state: Charger,
    assigned: AssignedCharger,
    began: Began,
    shown: Shown | None,
    session_id: SessionId,
) -> tuple[ReservationEnded, ...]:
    """A session has begun: the reservation ends with it, if the charger says so, or if it is theirs."""
    kept = state.reservation
    if kept is None or kept.ended:
        return ()
    lets = shown is not None and kept.lets(shown.mark, shown.person_id)
    theirs = lets and began.at < kept.until
    if began.reservation != kept.reservation_id and not theirs:
        return ()
    return (over(assigned, kept, WhyReservationEnded.USED, session_id),)


def expired(
    state: Charger, assigned: AssignedCharger, now: datetime
) -> tuple[ReservationEnded, ...]:
    """A reservation's time is over; nothing, if it is not, or if that is known."""
    kept = state.reservation
    if kept is None or kept.ended or now < kept.until:
        return ()
    return (over(assigned, kept, WhyReservationEnded.EXPIRED),)
