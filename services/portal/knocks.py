"""Chargers that have knocked and were not let in: who they are, and what can be done."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from services.portal.documents import Charger, Layout, Refusal
from services.portal.out_of_use import locked_text, place_text
from services.portal.wording import clock_time
from shared.ids import Serial
from shared.speech import _

Standing = Mapping[Serial, tuple[Layout, Charger]]
"""Where every assigned serial stands."""


@dataclass(frozen=True, slots=True)
class Knock:
    """A charger that was turned away, and the way on for it."""

    serial: Serial
    at: str
    remote: str
    place: str
    """Whether it knocks from where it was connected before; empty when that is not known."""
    locked: bool
    reason: str
    way: str
    command: str
    """What to type; empty when nothing need be done."""
    addable: bool = False
    """Nobody has added it yet: whoever may add chargers can."""


def knock_of(
    serial: Serial,
    refusal: Refusal,
    standing: Standing,
    now: datetime,
    zone: ZoneInfo | None,
) -> Knock:
    """Put together what is shown of a charger that was turned away."""
    found = standing.get(serial)
    lock = None if found is None else found[1].lock
    reason, way, command = refusal.reason, _("Is it yours? Assign it"), _assign(serial)
    if found is not None:
        layout, charger = found
        where = f"{charger.name}, {layout.name}"
        if lock is not None:
            reason = f"{locked_text(charger, lock, layout)} ({where})"
            way, command = _("See why, and unlock it"), f"ampledger serial why-locked {serial}"
        else:
            way, command = _("It is assigned as %(where)s", where=where), ""
    return Knock(
        serial=serial,
        at=clock_time(refusal.refused_at, now, zone),
        remote=refusal.remote,
        place=place_text(refusal.place),
        locked=lock is not None,
        reason=reason,
        way=way,
        command=command,
        addable=found is None,
    )


def _assign(serial: Serial) -> str:
    return f"ampledger charger assign INSTALLATION CIRCUIT {serial}"
