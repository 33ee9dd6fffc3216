"""What the page of warnings shows. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from services.portal.warned import Warned, Warnings
from services.portal.when import When, when
from shared.ids import PersonId
from shared.messages.notifications import WarningKind, WarningRaised
from shared.warning_words import headline, kind_name, mend

_PERSON = "person/"
URGENT = frozenset(
    {
        WarningKind.OVERLOAD,
        WarningKind.FAULT,
        WarningKind.LIMIT_IGNORED,
        WarningKind.SECURITY,
    }
)
ICONS = {
    WarningKind.OVERLOAD: "over",
    WarningKind.NEAR_LIMIT: "high",
    WarningKind.CHARGER_OFFLINE: "offline",
    WarningKind.LIMIT_IGNORED: "fault",
    WarningKind.FAULT: "fault",
    WarningKind.SECURITY: "fault",
    WarningKind.SERIAL_LOCKED: "locked",
    WarningKind.METER_SILENT: "unknown",
    WarningKind.SET_UP: "high",
    WarningKind.DELIVERY_FAILED: "fault",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One warning as it is shown."""

    id: str
    icon: str
    urgent: bool
    kind: str
    headline: str
    mend: str
    since: When
    cleared: When | None
    taken: When | None
    taken_by: str
    note: str
    way: str
    """Where one can go to mend it; empty: nowhere."""


def rows(
    warned: Iterable[Warned], zone: tzinfo, names: Mapping[PersonId, str]
) -> Sequence[Row]:
    """Show warnings, in the order given."""
    return [_row(it, zone, names) for it in warned]


def newest_first(warnings: Warnings) -> list[Warned]:
    """Those that nobody has taken notice of come before the others, then the urgent ones."""
    latest = sorted(warnings.open.values(), key=lambda it: it.raised_at, reverse=True)
    return sorted(
        latest, key=lambda it: (it.acknowledged_by is not None, it.warning.kind not in URGENT)
    )


def people_in(warned: Iterable[Warned]) -> frozenset[PersonId]:
    """Name the people who have taken notice."""
    actors = (it.acknowledged_by or "" for it in warned)
    return frozenset(it.removeprefix(_PERSON) for it in actors if it.startswith(_PERSON))


def _row(it: Warned, zone: tzinfo, names: Mapping[PersonId, str]) -> Row:
    warning = it.warning
    actor = it.acknowledged_by or ""
    return Row(
        id=warning.warning_id,
        icon=ICONS[warning.kind],
        urgent=warning.kind in URGENT,
        kind=kind_name(warning.kind),
        headline=headline(warning),
        mend=mend(warning),
        since=when(warning.since, zone),
        cleared=None if it.cleared_at is None else when(it.cleared_at, zone),
        taken=None if it.acknowledged_at is None else when(it.acknowledged_at, zone),
        taken_by=names.get(actor.removeprefix(_PERSON), actor),
        note=it.note,
        way=_way(warning),
    )


def _way(warning: WarningRaised) -> str:
    home = f"/installations/{warning.installation_id}"
    if warning.kind is WarningKind.DELIVERY_FAILED:
        return f"{home}/warnings/webhooks"
    if warning.charger_id is not None:
        return f"{home}/chargers/{warning.charger_id}"
    if warning.kind is WarningKind.SET_UP:
        return f"{home}/circuits"
    return home
