"""What bounds an installation at this moment, and why: the least of all of it holds."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from services.portal.available import available_of
from services.portal.documents import AgreedLimit, Layout
from services.portal.power.amounts import told
from services.portal.power.week import window_text
from services.portal.wording import clock_time
from shared.ids import CircuitId, LimitId
from shared.messages.installation_terms import LimitOwner, PeakPeriod
from shared.phases import PHASES, GridType
from shared.speech import _, marked
from shared.spelling import plain
from shared.units import LINE_TO_NEUTRAL_V, three_phase_line_w
from shared.weekly import within

OWNERS: Final = {
    LimitOwner.INSTALLER: marked("the installer"),
    LimitOwner.OWNER: marked("the owner"),
    LimitOwner.GRID_OPERATOR: marked("the grid operator"),
    LimitOwner.TARIFF: marked("the tariff"),
}
PERIODS: Final = {
    PeakPeriod.QUARTER_HOUR: marked("mean of every quarter of an hour"),
    PeakPeriod.HOUR: marked("mean of every hour"),
}


@dataclass(frozen=True, slots=True)
class Bound:
    """One thing that bounds what cars may draw."""

    where: str
    what: str
    value: str
    when: str
    holds: bool
    """At this moment."""
    limit_id: LimitId | None = None
    """By which it can be lifted, if it is somebody else's limit."""


@dataclass(frozen=True, slots=True)
class Now:
    """What all chargers together may draw at this moment, and why."""

    figure: str
    """Without its unit: the least of the lines."""
    of: str
    why: str


def now_of(layout: Layout, now: datetime, zone: ZoneInfo) -> Now:
    """Say what may be drawn now, by breaker, available current and schedule."""
    main = _("of the main breaker's %(a)s A per phase", a=plain(layout.breaker_a))
    available = available_of(layout, now)
    lines = [PHASES.index(it) for it in layout.grid_type.lines]
    least_a = layout.breaker_a
    if available is not None:
        least_a = min(least_a, *(available.lines_a[it] for it in lines))
    agreed = [
        (_least_a(it, layout.grid_type), it)
        for it in layout.limits
        if _main_now(it, layout, now)
    ]
    if agreed:
        lowest_a, limit = min(agreed, key=lambda it: it[0])
        if lowest_a < least_a:
            owner = _(OWNERS[limit.owner])
            return Now(plain(lowest_a), main, _("A limit of %(owner)s holds.", owner=owner))
    if available is None or least_a >= layout.breaker_a:
        return Now(plain(layout.breaker_a), main, _("Nothing holds it below the breaker."))
    until = "" if available.until is None else clock_time(available.until, now, zone)
    if available.by_schedule:
        why = (
            _("The weekly schedule holds, until %(time)s.", time=until)
            if until
            else _("The weekly schedule holds.")
        )
    else:
        why = (
            _("The available current is set, until %(time)s.", time=until)
            if until
            else _("The available current is set, until somebody changes it.")
        )
    return Now(plain(least_a), main, why)


def bounds_of(layout: Layout, now: datetime, zone: ZoneInfo) -> list[Bound]:
    """List what bounds cars, at every breaker."""
    return [
        *_of_main(layout, now, zone),
        *(_limit(layout, it, now, zone) for it in layout.limits),
        *(
            Bound(
                _name(layout, it.circuit_id),
                _("Contract's peak"),
                f"{plain(it.peak_w / 1000)} kW",
                _(PERIODS[it.per]),
                holds=True,
            )
            for it in layout.peaks
        ),
        *(
            Bound(
                _name(layout, it.circuit_id),
                _("Other load, by meter %(id)s", id=it.meter_id),
                _("up to %(a)s A", a=plain(it.highest_a)),
                _("as much as it shows"),
                holds=True,
            )
            for it in layout.meters
        ),
    ]


def _of_main(layout: Layout, now: datetime, zone: ZoneInfo) -> Iterator[Bound]:
    main, grid = _name(layout, None), layout.grid_type
    yield Bound(main, _("Breaker"), f"{plain(layout.breaker_a)} A", _("always"), holds=True)
    if layout.available_a is not None:
        until = layout.available_until
        holds = until is None or now < until
        when = _("until it is changed")
        if until is not None:
            time = clock_time(until, now, zone)
            when = _("until %(time)s", time=time) if holds else _("ended %(time)s", time=time)
        what = _("Available current")
        yield Bound(main, what, told(layout.available_a, grid), when, holds=holds)
    schedule = layout.current_schedule
    if schedule is not None:
        allowed_a = schedule.allowed_a(now.timestamp())
        changes_s = schedule.changes_s(now.timestamp())
        when = _("always")
        if changes_s is not None:
            changes = clock_time(datetime.fromtimestamp(changes_s, UTC), now, zone)
            when = _("until %(time)s", time=changes)
        value = _("as much as the breakers allow")
        if allowed_a is not None:
            value = told(allowed_a, grid)
        yield Bound(main, _("Weekly schedule"), value, when, holds=allowed_a is not None)
    if layout.imbalance_a is not None:
        what, value = _("Difference between phases"), f"{plain(layout.imbalance_a)} A"
        yield Bound(main, what, value, _("always"), holds=True)


def _limit(layout: Layout, limit: AgreedLimit, now: datetime, zone: ZoneInfo) -> Bound:
    value = (
        told(limit.limit_a, layout.grid_type)
        if limit.limit_a is not None
        else f"{plain((limit.power_w or 0.0) / 1000)} kW"
    )
    times = [window_text(it) for it in limit.windows]
    if limit.begins is not None and now < limit.begins:
        times.append(_("from %(time)s", time=clock_time(limit.begins, now, zone)))
    if limit.until is not None:
        times.append(_("until %(time)s", time=clock_time(limit.until, now, zone)))
    what = _("Limit of %(owner)s", owner=_(OWNERS[limit.owner]))
    return Bound(
        _name(layout, limit.circuit_id),
        f"{what} ({limit.limit_id})",
        value,
        "; ".join(times) or _("always"),
        holds=_holds(limit, layout, now),
        limit_id=limit.limit_id,
    )


def _holds(limit: AgreedLimit, layout: Layout, now: datetime) -> bool:
    begun = limit.begins is None or limit.begins <= now
    over = limit.until is not None and limit.until <= now
    at_this_time = not limit.windows or within(limit.windows, layout.time_zone, now.timestamp())
    return begun and not over and at_this_time


def _main_now(limit: AgreedLimit, layout: Layout, now: datetime) -> bool:
    return limit.circuit_id is None and _holds(limit, layout, now)


def _least_a(limit: AgreedLimit, grid: GridType) -> float:
    """Name the least that a limit allows on a line; of a power every line has an equal part."""
    lines = len(grid.lines)
    if limit.limit_a is not None:
        return min(limit.limit_a[:lines])
    line_w = LINE_TO_NEUTRAL_V
    if grid.three_phase:
        line_w = three_phase_line_w(between_lines=grid is GridType.IT_3_PHASE)
    return round((limit.power_w or 0.0) / lines / line_w, 1)


def _name(layout: Layout, circuit_id: CircuitId | None) -> str:
    circuit = None if circuit_id is None else layout.circuit(circuit_id)
    return _("Main breaker") if circuit is None else circuit.name
