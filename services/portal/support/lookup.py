"""What a word of support's leads to: installations, serial numbers, a person."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Final

from services.portal.documents import Charger, Layout, Refusal
from services.portal.when import When, when
from shared.ids import InstallationId, Serial
from shared.messages.people import FindPersonAnswer
from shared.messages.permissions import Role
from shared.speech import _, marked

FOUND_MAX: Final = 20
"""How many of each are listed; who wants others writes more of the word."""
_ROLES: Final = {
    Role.OWNER: marked("Owner"),
    Role.SERVICE: marked("Service"),
    Role.USER: marked("User"),
}

Standing = Mapping[Serial, tuple[Layout, Charger]]


@dataclass(frozen=True, slots=True)
class SerialFound:
    """A serial number, and where it is or knocks from."""

    serial: Serial
    where: str
    locked: bool
    knocked: When | None


@dataclass(frozen=True, slots=True)
class RoleFound:
    """A role of a person."""

    installation_id: InstallationId
    name: str
    role: str
    through: str
    """The group through which they have it, if they have."""


@dataclass(frozen=True, slots=True)
class Found:
    """Everything that a word leads to."""

    installations: Sequence[Layout]
    serials: Sequence[SerialFound]


def found(
    word: str,
    layouts: Iterable[Layout],
    standing: Standing,
    knocks: Mapping[Serial, Refusal],
    zone: tzinfo | None,
) -> Found:
    """
    Look for a word: in what installations are called, and in serial numbers.

    Args:
        word: as it was typed.
        layouts: all installations.
        standing: where every assigned serial stands.
        knocks: who was turned away last.
        zone: of times.
    """
    like = word.strip().casefold()
    if not like:
        return Found((), ())
    places = [
        it
        for it in layouts
        if any(like in text.casefold() for text in (it.installation_id, it.name, it.address))
    ]
    serials = [it for it in {**standing, **knocks} if like in it.casefold()]
    return Found(
        sorted(places, key=lambda it: it.name.casefold())[:FOUND_MAX],
        [serial_found(it, standing, knocks, zone) for it in sorted(serials)[:FOUND_MAX]],
    )


def serial_found(
    serial: Serial, standing: Standing, knocks: Mapping[Serial, Refusal], zone: tzinfo | None
) -> SerialFound:
    """Say where a serial number is."""
    there, knock = standing.get(serial), knocks.get(serial)
    knocked = None if knock is None else when(knock.refused_at, zone)
    if there is None:
        return SerialFound(serial, _("in no installation"), locked=False, knocked=knocked)
    layout, charger = there
    where = _("%(charger)s, %(installation)s", charger=charger.name, installation=layout.name)
    return SerialFound(serial, where, locked=charger.lock is not None, knocked=knocked)


def roles_found(
    answer: FindPersonAnswer, layouts: Mapping[InstallationId, Layout], now: datetime
) -> list[RoleFound]:
    """List the roles of a person that hold now."""
    return [
        RoleFound(
            installation_id=it.installation_id,
            name=layouts[it.installation_id].name
            if it.installation_id in layouts
            else it.installation_id,
            role=_(_ROLES[it.role]),
            through=it.grantee if it.grantee.startswith("group/") else "",
        )
        for it in answer.roles
        if it.until is None or it.until > now
    ]


def home_of(
    serial: Serial, standing: Standing, layouts: Iterable[Layout]
) -> InstallationId | None:
    """Name the installation a serial is in, or was in last, as far as it is remembered."""
    there = standing.get(serial)
    if there is not None:
        return there[0].installation_id
    left = [
        (gone.at, layout.installation_id)
        for layout in layouts
        for gone in layout.removed
        if gone.charger.serial == serial
    ]
    return max(left)[1] if left else None
