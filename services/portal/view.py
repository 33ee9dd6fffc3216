"""
An installation as it is shown: pure functions from facts to the one view that page, live
picture and API share.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from services.portal.available import available_a_of, available_text
from services.portal.breaker_view import (
    BreakerView,
    Level,
    below,
    breaker_view,
    breakers_of,
)
from services.portal.charger_figures import ChargerFacts
from services.portal.charger_view import ChargerView, State, charger_view
from services.portal.documents import Condition
from services.portal.facts import BALANCE_STALE_S, Facts
from services.portal.turns import turns_of
from services.portal.wording import (
    GRIDS,
    UNKNOWN,
    amperes,
    duration,
    kilowatt_hours,
)
from shared.ids import CircuitId, InstallationId
from shared.phases import PhaseCurrents
from shared.speech import _, counted
from shared.spelling import plain

NEVER_HEARD: Final = Condition()


class Freshness(StrEnum):
    """How far the picture can be believed."""

    LIVE = "live"
    STALE = "stale"
    NONE = "none"
    """No picture has come yet."""


@dataclass(frozen=True, slots=True)
class Scene:
    """The installation in a few figures; those that count chargers are the filter, too."""

    chargers: int
    charging: int
    waiting: int
    problems: int
    online: str
    main: str
    main_of: str
    main_level: Level
    main_word: str
    energy: str
    energy_of: str


@dataclass(frozen=True, slots=True)
class Head:
    """What stands above the tree, and how fresh all of it is."""

    id: InstallationId
    name: str
    address: str
    grid: str
    main_breaker: str
    active: bool
    available: str
    """What may be used of the main breaker at present, where that is less than its set value."""
    available_a: PhaseCurrents | None
    authentication_required: bool
    switch_current_a: float | None
    hidden: int
    """How many circuits and chargers are deactivated, locked or removed."""
    hidden_text: str
    structure: str
    """Changes when circuits or chargers come and go: then the page is made anew."""
    freshness: Freshness
    freshness_text: str


@dataclass(frozen=True, slots=True)
class InstallationView:
    """All that is shown of an installation; the main breaker is the first of the breakers."""

    head: Head
    scene: Scene
    breakers: tuple[BreakerView, ...]
    chargers: tuple[ChargerView, ...]


def view_of(
    facts: Facts, now: datetime, zone: ZoneInfo | None, *, deactivated: bool = False
) -> InstallationView:
    """
    Put together what is shown of an installation.

    Args:
        facts: all that is known of it.
        now: the present moment.
        zone: the time zone of times in sentences; none for this machine's own.
        deactivated: show also what is deactivated, locked or removed.
    """
    freshness, text = freshness_of(facts, now)
    breakers = breakers_of(facts.layout)
    in_use = {it.circuit_id: it.in_use for it in breakers}
    chargers = (*_charger_views(facts, in_use, now, zone), *_removed_views(facts, now, zone))
    views = tuple(
        breaker_view(
            it,
            facts,
            _beneath(chargers, set(below(it.circuit_id, breakers))),
            freshness is Freshness.STALE,
            now,
            zone,
        )
        for it in breakers
    )
    main, active = views[0], tuple(it for it in chargers if it.active)
    hidden = [sum(not it.active for it in part) for part in (views[1:], chargers)]
    shown = (
        views if deactivated else (main, *(it for it in views[1:] if it.active)),
        chargers if deactivated else active,
    )
    return InstallationView(
        _head(facts, freshness, text, hidden, now, zone), _scene(main, active), *shown
    )


def _head(
    facts: Facts,
    freshness: Freshness,
    freshness_text: str,
    hidden: Sequence[int],
    now: datetime,
    zone: ZoneInfo | None,
) -> Head:
    layout = facts.layout
    available_a = available_a_of(layout, now)
    circuits, chargers = hidden
    parts = [
        counted(circuits, "%(n)s circuit", "%(n)s circuits") if circuits else "",
        counted(chargers, "%(n)s charger", "%(n)s chargers") if chargers else "",
    ]
    return Head(
        id=layout.installation_id,
        name=layout.name,
        address=layout.address,
        grid=_(GRIDS[layout.grid_type]),
        main_breaker=_("main breaker %(rating)s A", rating=plain(layout.breaker_a)),
        active=layout.deactivated is None,
        available=available_text(layout, now, zone),
        available_a=available_a,
        authentication_required=layout.authentication_required,
        switch_current_a=layout.switch_current_a,
        hidden=circuits + chargers,
        hidden_text=_(" and ").join(it for it in parts if it),
        structure=str(layout.position),
        freshness=freshness,
        freshness_text=freshness_text,
    )


def freshness_of(facts: Facts, now: datetime) -> tuple[Freshness, str]:
    """Say how far a picture of an installation can be believed, and in words why."""
    if not facts.connected:
        return Freshness.STALE, _("cut off from the services")
    if not facts.layout.chargers:
        return Freshness.NONE, _("no chargers yet")
    if facts.balance is None:
        silent_s = (now - facts.listening_since).total_seconds()
        if silent_s <= BALANCE_STALE_S:
            return Freshness.NONE, _("waiting for the first picture")
        return Freshness.NONE, _(
            "no word from the balancer for %(time)s", time=duration(silent_s)
        )
    silent_s = (now - facts.balance.measured_at).total_seconds()
    if silent_s <= BALANCE_STALE_S:
        return Freshness.LIVE, _("live")
    return Freshness.STALE, _("stale for %(time)s", time=duration(silent_s))


def _charger_views(
    facts: Facts, in_use: Mapping[CircuitId, bool], now: datetime, zone: ZoneInfo | None
) -> Iterator[ChargerView]:
    turns = turns_of(facts)
    names = {it.circuit_id: it.name for it in facts.layout.circuits}
    for charger in facts.layout.chargers:
        yield charger_view(
            ChargerFacts(
                charger=charger,
                layout=facts.layout,
                condition=facts.conditions.get(charger.charger_id, NEVER_HEARD),
                share=facts.shares.get(charger.charger_id),
                reading=facts.readings.get(charger.charger_id),
                listening_since=facts.listening_since,
                turn=turns.get(charger.charger_id),
                circuits=names,
                refusal=facts.refusals.get(charger.serial),
            ),
            now,
            zone,
            in_use=in_use.get(charger.circuit_id, False),
        )


def _removed_views(facts: Facts, now: datetime, zone: ZoneInfo | None) -> Iterator[ChargerView]:
    for removed in facts.layout.removed:
        gone = ChargerFacts(
            charger=removed.charger,
            layout=facts.layout,
            condition=NEVER_HEARD,
            share=None,
            reading=None,
            listening_since=facts.listening_since,
            turn=None,
            circuits={},
            removed=removed,
        )
        yield charger_view(gone, now, zone)


def _beneath(chargers: Sequence[ChargerView], circuits: set[str]) -> tuple[ChargerView, ...]:
    return tuple(it for it in chargers if it.circuit_id in circuits)


def _scene(main: BreakerView, chargers: Sequence[ChargerView]) -> Scene:
    states = Counter(it.state for it in chargers)
    online = sum(it.state is not State.OFFLINE for it in chargers)
    fullest = max(main.bars, key=lambda bar: bar.measured_a or 0.0)
    known_wh = [it.session_wh for it in chargers if it.session_wh is not None]
    measured = fullest.measured_a is not None
    return Scene(
        chargers=len(chargers),
        charging=states[State.CHARGING],
        waiting=states[State.WAITING],
        problems=sum(it.problem for it in chargers),
        online=_("%(some)s of %(all)s", some=online, all=len(chargers)),
        main=f"{amperes(fullest.measured_a)} A",
        main_of=_("of %(most)s A on %(phase)s", most=plain(main.set_a), phase=fullest.phase)
        if measured
        else _("of %(most)s A", most=plain(main.set_a)),
        main_level=fullest.level,
        main_word=fullest.word,
        energy=kilowatt_hours(sum(known_wh)) if known_wh else UNKNOWN,
        energy_of=counted(len(known_wh), "in %(n)s session", "in %(n)s sessions")
        if known_wh
        else _("no sessions"),
    )
