"""
When somebody is told: at once, once an hour or once a day, not in quiet hours, and never a flood. Pure.

What waits for the same person goes together in one message.
"""

from collections.abc import Sequence
from datetime import datetime, time, timedelta, tzinfo
from typing import Final

from shared.messages.notifications import Kinds, Pace, QuietHours, WarningKind
from shared.rights.table import Standing

GATHERED: Final = timedelta(seconds=20)
"""So long is waited for more of the same: a breaker that trips takes thirty chargers with it."""
FLOOD: Final = 5
FLOOD_WITHIN: Final = timedelta(minutes=10)
"""After so many messages within that time, the next one waits until it is over, and gathers the rest."""
DAILY_AT: Final = time(8)
"""By the clock at the installation."""

FIRST_TRY_S: Final = 5.0
TRY_S_MAX: Final = 3 * 3600.0
GIVEN_UP_AFTER: Final = timedelta(hours=24)
"""How long something is tried before it is given up."""
JITTER: Final = 0.25
"""By which part of itself a pause is longer or shorter, so that those who failed together come apart."""

DEFAULTS: Final[dict[Standing, tuple[Kinds, Pace]]] = {
    Standing.INSTALLATION_OWNER: (
        (
            WarningKind.OVERLOAD,
            WarningKind.CHARGER_OFFLINE,
            WarningKind.FAULT,
            WarningKind.SERIAL_LOCKED,
        ),
        Pace.DAILY,
    ),
    Standing.SERVICE: (
        tuple(it for it in WarningKind if it is not WarningKind.NEAR_LIMIT),
        Pace.HOURLY,
    ),
}
"""What is told to whom who has not chosen: whoever mends things everything that needs mending, soon;
whoever owns the place what its drivers feel, once a day."""


def due(
    pace: Pace,
    quiet: QuietHours | None,
    zone: tzinfo,
    now: datetime,
    sent: Sequence[datetime] = (),
    gathered: timedelta = GATHERED,
) -> datetime | None:
    """
    Say when somebody is told of what happens now; none: never.

    Args:
        pace: as they have chosen.
        quiet: when they want to hear nothing.
        zone: of the installation.
        now: the present moment.
        sent: when they were sent messages lately, in any order.
        gathered: how long is waited for more, where somebody is told at once.
    """
    match pace:
        case Pace.NEVER:
            return None
        case Pace.AT_ONCE:
            at = now + gathered
            lately = sorted(it for it in sent if now - it < FLOOD_WITHIN)
            if len(lately) >= FLOOD:
                at = max(at, lately[-FLOOD] + FLOOD_WITHIN)
        case Pace.HOURLY:
            at = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        case Pace.DAILY:
            at = _next(now, DAILY_AT, zone)
    return at if quiet is None else _after_quiet(at, quiet, zone)


def _next(after: datetime, at: time, zone: tzinfo) -> datetime:
    """Find when a clock on the wall shows a time next."""
    local = after.astimezone(zone)
    found = datetime.combine(local.date(), at, zone)
    if found <= local:
        found = datetime.combine(local.date() + timedelta(days=1), at, zone)
    return found.astimezone(after.tzinfo)


def _after_quiet(at: datetime, quiet: QuietHours, zone: tzinfo) -> datetime:
    """Wait until quiet hours are over; those that begin when they end are none."""
    begins, ends = time.fromisoformat(quiet.begins), time.fromisoformat(quiet.ends)
    clock = at.astimezone(zone).time()
    within = begins <= clock < ends if begins <= ends else clock >= begins or clock < ends
    return _next(at, ends, zone) if within else at


def pause_s(attempts: int, chance: float) -> float:
    """
    Say how long is waited after an attempt that failed.

    Args:
        attempts: how many have been made.
        chance: between 0 and 1, another one each time.

    >>> [round(pause_s(it, 0.5)) for it in (1, 2, 3, 20)]
    [5, 20, 80, 10800]
    """
    plain_s = min(TRY_S_MAX, FIRST_TRY_S * 4.0 ** (attempts - 1))
    return plain_s * (1 + JITTER * (2 * chance - 1))


def report_months(day: int, zone: tzinfo, ordered_at: datetime, now: datetime) -> str | None:
    """
    Name the month whose report is due by now, if one is: the month before this one.

    Nothing is owed for a day that had passed when the report was ordered.

    >>> from datetime import UTC
    >>> report_months(3, UTC, datetime(2026, 1, 2, tzinfo=UTC), datetime(2026, 2, 3, 9, tzinfo=UTC))
    '2026-01'
    """
    local = now.astimezone(zone)
    falls = datetime.combine(local.date().replace(day=day), DAILY_AT, zone)
    if local < falls or ordered_at.astimezone(zone) >= falls:
        return None
    before = local.date().replace(day=1) - timedelta(days=1)
    return f"{before:%Y-%m}"
