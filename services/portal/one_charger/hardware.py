"""What the page of a charger says of its hardware: for whom it is kept, what it has sent. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from services.portal.documents import Condition, Kept, Sent
from services.portal.wording import clock_time
from shared.ids import PersonId
from shared.messages.upkeep import LogKind
from shared.speech import _, marked

STATUS: Final = {
    "Uploading": marked("sends them"),
    "Uploaded": marked("has sent them"),
    "UploadFailed": marked("could not send them: check the address"),
    "UploadFailure": marked("could not send them: check the address"),
    "PermissionDenied": marked("was not let in there: check the address"),
    "BadMessage": marked("did not understand what to send"),
    "NotSupportedOperation": marked("does not know how to send that"),
    "Idle": marked("sends nothing"),
}
"""What OCPP 1.6 calls DiagnosticsStatus, and its security whitepaper UploadLogStatus."""
MINUTES: Final = (30, 60, 120, 240)
"""For how long somebody can keep a charger from its page."""
OUT_OF_USE: Final = "Unavailable"
"""OCPP 1.6 ChargePointStatus of a charger that was taken out of use."""


@dataclass(frozen=True, slots=True)
class Hardware:
    """What is said of it."""

    kept: str
    """For whom it is kept, and until when; empty: for nobody."""
    sent: str
    """How far it is with sending its records; empty: it was never told to."""
    online: bool
    charging: bool
    """A session runs, which a restart would end."""
    in_use: bool


def hardware_of(
    condition: Condition,
    asker: PersonId | None,
    names: Mapping[PersonId, str],
    now: datetime,
    zone: ZoneInfo,
) -> Hardware:
    """
    Say what there is to say.

    Args:
        condition: the charger as it tells of itself.
        asker: who looks.
        names: of people, as far as they may be told.
        now: the present moment.
        zone: of the times.
    """
    kept = held(condition, now)
    return Hardware(
        kept="" if kept is None else kept_text(kept, asker, names, now, zone),
        sent="" if condition.sent is None else _sent_text(condition.sent, now, zone),
        online=condition.online,
        charging=condition.session is not None,
        in_use=condition.status != OUT_OF_USE,
    )


def held(condition: Condition | None, now: datetime) -> Kept | None:
    """Name the reservation that holds; that its time is over is told when its charger is there."""
    kept = None if condition is None else condition.kept
    return None if kept is None or kept.until <= now else kept


def kept_text(
    kept: Kept,
    asker: PersonId | None,
    names: Mapping[PersonId, str],
    now: datetime,
    zone: ZoneInfo,
) -> str:
    """Say for whom a charger is kept, to whom that may be told."""
    until = clock_time(kept.until, now, zone)
    if kept.person_id is not None and kept.person_id == asker:
        return _("Kept for you until %(until)s.", until=until)
    name = names.get(kept.person_id or "")
    if name:
        return _("Kept for %(name)s until %(until)s.", name=name, until=until)
    return _("Kept for somebody until %(until)s.", until=until)


def _sent_text(sent: Sent, now: datetime, zone: ZoneInfo) -> str:
    what = _("Security log") if sent.log is LogKind.SECURITY else _("Diagnostics")
    if sent.status is None:
        said, at = _("was told to send them"), sent.requested_at
    else:
        said = _(STATUS[sent.status]) if sent.status in STATUS else sent.status
        at = sent.reported_at
    when = "" if at is None else f" ({clock_time(at, now, zone)})"
    return f"{what}: {said}{when}"
