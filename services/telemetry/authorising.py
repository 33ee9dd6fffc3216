"""
Whether a driver may charge at a charger, decided on what is known of permissions at this moment.

    what is shown                                     answer          on record
    -----------------------------------------------   -------------   ----------------
    anything, where the charger gets no current       Blocked         DriverRefused
    a card that was blocked                           Blocked         DriverRefused
    anything, where it is kept for somebody else      Invalid         DriverRefused
    anything, where nobody is asked who they are      Accepted        DriverAuthorized
    a card that stands for nobody                     Invalid         DriverRefused
    of a person who may charge here                   Accepted        DriverAuthorized
    of a person whose right has ended by its time     Expired         DriverRefused
    of anybody else                                   Invalid         DriverRefused

While permissions is away, whoever was known keeps charging, and whoever was not is refused; how old what
is known was, is on record with the decision. Cards of one person stand for one another: they have the
same parent, by which a charger lets any of them end the session.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from services.telemetry.charger import AssignedCharger, Reservation, Session
from services.telemetry.payloads import written
from services.telemetry.said import Standing
from shared.ids import PersonId
from shared.messages.permissions import Role
from shared.messages.telemetry import DriverAuthorized, DriverRefused, Through
from shared.rights.cards import Card
from shared.rights.grants import Grant, Grants, Place
from shared.rights.table import TABLE, Action

PARENT_CHARS: Final = 20
"""OCPP 1.6 IdToken: CiString20Type."""
EVER: Final = datetime.min.replace(tzinfo=UTC)
"""A moment at which no grant has ended yet."""


class Status(StrEnum):
    """OCPP 1.6 AuthorizationStatus, section 7.2, as far as it is used."""

    ACCEPTED = "Accepted"
    BLOCKED = "Blocked"
    EXPIRED = "Expired"
    INVALID = "Invalid"


@dataclass(frozen=True, slots=True)
class Shown:
    """
    What a driver shows.

    Args:
        mark: tells it from all others.
        person_id: whom it stands for; none if nobody is known by it.
        through: a card, or an authorisation from the app.
        blocked: it is a card that may not be used.
    """

    mark: str
    person_id: PersonId | None = None
    through: Through = Through.CARD
    blocked: bool = False

    @classmethod
    def of_card(cls, mark: str, card: Card | None) -> "Shown":
        """Say what it is to show a card; none: it is nobody's."""
        return cls(mark) if card is None else cls(mark, card.person_id, blocked=card.blocked)

    @classmethod
    def of_app(cls, mark: str, person_id: PersonId | None) -> "Shown":
        """Say what it is to be authorised in the app."""
        return cls(mark, person_id, Through.APP)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of permissions: what has been granted, up to which position of its log, and when
    that was certainly all there was (none: not since this process began)."""

    grants: Grants
    position: int
    as_of: datetime | None


@dataclass(frozen=True, slots=True)
class Decision:
    """What is answered, and why, in words for support."""

    shown: Shown
    status: Status
    reason: str
    until: datetime | None = None
    """When the right to charge ends by itself."""

    @property
    def accepted(self) -> bool:
        return self.status is Status.ACCEPTED

    @property
    def standing(self) -> Standing:
        """Say it as a charger is told."""
        if not self.accepted:
            return Standing(str(self.status))
        person_id = self.shown.person_id
        parent = None if person_id is None else parent_of(person_id)
        return Standing(str(self.status), self.until, parent)

    def event(
        self, assigned: AssignedCharger, known: Known
    ) -> DriverAuthorized | DriverRefused:
        """Make the event that puts it on record."""
        said = {
            "installation_id": assigned.installation_id,
            "charger_id": assigned.charger_id,
            "through": self.shown.through,
            "card_mark": self.shown.mark,
            "person_id": self.shown.person_id,
            "reason": self.reason,
            "known_position": known.position,
            "known_as_of": known.as_of,
        }
        if self.accepted:
            return DriverAuthorized(**said, until=self.until)
        return DriverRefused(**said, status=str(self.status))


def parent_of(person_id: PersonId) -> str:
    """
    Name the parent of all cards of one person, as chargers compare it.

    >>> parent_of("ada") == parent_of("ada") != parent_of("bob"), len(parent_of("ada"))
    (True, 20)
    """
    return hashlib.sha256(f"parent/{person_id}".encode()).hexdigest()[:PARENT_CHARS].upper()


def decide(
    assigned: AssignedCharger,
    shown: Shown,
    known: Known,
    now: datetime,
    kept: Reservation | None = None,
) -> Decision:
    """Decide whether a driver may charge at a charger now, which may be kept for somebody; see the table
    above.
    """
    if assigned.barred is not None:
        return Decision(
            shown, Status.BLOCKED, f"the charger gets no current: {assigned.barred}"
        )
    if shown.blocked:
        return Decision(
            shown, Status.BLOCKED, "the card was blocked; unblock it to use it again"
        )
    if kept is not None and kept.holds(now) and not kept.lets(shown.mark, shown.person_id):
        why = f"the charger is kept for somebody else until {written(kept.until)}"
        return Decision(shown, Status.INVALID, why)
    if not assigned.authentication_required:
        return Decision(shown, Status.ACCEPTED, "nobody is asked who they are here")
    if shown.person_id is None:
        why = "no person has this card; register it in the portal, for whoever it belongs to"
        return Decision(shown, Status.INVALID, why)
    return _by_right(assigned, shown, shown.person_id, known.grants, now)


def _by_right(
    assigned: AssignedCharger,
    shown: Shown,
    person_id: PersonId,
    grants: Grants,
    now: datetime,
) -> Decision:
    actor, place = f"person/{person_id}", _place(assigned)
    ruling = grants.may(actor, Action.CHARGE, place, now)
    if ruling.allowed:
        ends = [it.until for it in _charging(grants, actor, place, now)]
        until = max((it for it in ends if it is not None), default=None)
        return Decision(shown, Status.ACCEPTED, ruling.because, None if None in ends else until)
    over = [it.until for it in _charging(grants, actor, place, EVER) if it.until is not None]
    if over:
        why = f"the right to charge here ended at {written(max(over))}; have it granted anew"
        return Decision(shown, Status.EXPIRED, why)
    return Decision(shown, Status.INVALID, ruling.because)


def _charging(grants: Grants, actor: str, place: Place, now: datetime) -> list[Grant]:
    """List the grants that let somebody charge at a place, of those that hold at a moment."""
    return [
        it
        for _, it in grants.of(actor, now, place.installation_id)
        if it.covers(place.charger_id) and it.standing in TABLE[Action.CHARGE]
    ]


def _place(assigned: AssignedCharger) -> Place:
    return Place(assigned.installation_id, assigned.charger_id)


def may_end(
    assigned: AssignedCharger,
    session: Session,
    person_id: PersonId,
    grants: Grants,
    now: datetime,
) -> bool:
    """Tell whether somebody may end a session: it is theirs, or they own the charger or all of them."""
    if person_id == session.person_id:
        return True
    return owns(assigned, person_id, grants, now)


def owns(assigned: AssignedCharger, person_id: PersonId, grants: Grants, now: datetime) -> bool:
    """Tell whether somebody owns a charger, or all of them."""
    place = _place(assigned)
    owned = grants.of(f"person/{person_id}", now, place.installation_id)
    return any(it.role is Role.OWNER and it.covers(place.charger_id) for _, it in owned)


def decide_end(
    assigned: AssignedCharger,
    session: Session | None,
    shown: Shown,
    known: Known,
    now: datetime,
) -> Decision:
    """
    Decide whether what was shown may end a session; that it has ended is a fact either way.

    Whose session nobody knows, anybody may end, as anybody may begin it.
    """
    if session is None or session.card_mark in {None, shown.mark}:
        return Decision(shown, Status.ACCEPTED, "the session was begun with it")
    person_id = shown.person_id
    if person_id is not None and may_end(assigned, session, person_id, known.grants, now):
        return Decision(shown, Status.ACCEPTED, "the session is theirs to end")
    if not assigned.authentication_required:
        return Decision(shown, Status.ACCEPTED, "nobody is asked who they are here")
    why = "the session is somebody else's; whoever began it ends it, or an owner of the charger"
    return Decision(shown, Status.INVALID, why)
