"""How the page that says who did what shows each deed."""

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from shared.history.deeds import DOORS, Deed
from shared.speech import _
from shared.spelling import weekday_and_date


@dataclass(frozen=True, slots=True)
class DeedRow:
    """One deed, in words."""

    day: str
    """Such as "Friday, 27 November 2026"; empty if the row before has the same."""
    time: str
    iso: str
    who: str
    refused: bool
    lines: tuple[str, ...]
    right: str
    door: str
    reference: str


def rows(found: Sequence[Deed], time_zone: ZoneInfo | None) -> list[DeedRow]:
    """
    Word deeds, the latest one first.

    Args:
        found: from the earliest to the latest.
        time_zone: of times, where the installation's own is not known.
    """
    shown: list[DeedRow] = []
    last = ""
    for deed in reversed(found):
        there = deed.at.astimezone(deed.zone or time_zone)
        day = weekday_and_date(there)
        lines = (
            _("Asked for: %(what)s", what=deed.asked_for),
            _("Refused: %(why)s", why=deed.why_not),
        )
        shown.append(
            DeedRow(
                day="" if day == last else day,
                time=f"{there:%H:%M:%S}",
                iso=there.isoformat(timespec="seconds"),
                who=deed.who if deed.name is None else f"{deed.name} ({deed.who})",
                refused=deed.refused,
                lines=lines if deed.refused else deed.what,
                right=deed.right or "",
                door=_(DOORS[deed.door]),
                reference=_(
                    "%(where)s, command %(command)s, correlation %(correlation)s",
                    where=deed.where,
                    command=deed.command_id,
                    correlation=deed.correlation_id,
                ),
            )
        )
        last = day
    return shown
