"""Balancers: what they have heard and read, and what they decide on it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from cli.proving.chargers import Charger
from cli.proving.moments import moment
from services.balancer.announced import (
    Announced,
    fold_announced,
    remembered,
    told_in,
)
from services.balancer.announcing import events_of, obedience_of
from services.balancer.behaviour import Behaviour, observe
from services.balancer.decider import Decision, decide
from services.balancer.departures import Departures
from services.balancer.facts import SiteFacts, Timing
from services.balancer.hardware import Heard, phases_told
from services.balancer.layout_folds import fold_layout
from services.balancer.layouts import Departed, Layout
from services.balancer.planning import RAISE_A_MIN, in_force_a
from services.balancer.recent import Recent
from services.balancer.reported import (
    Reported,
    fold_reported,
    offer_of,
)
from services.balancer.site import Site
from services.balancer.standings import Assembly, site_facts
from shared.messages import Event
from shared.messages.balancer import Lease
from shared.messages.telemetry import ChargerEvent
from shared.phases import PHASES, lines_loaded

TIMING: Final = Timing(
    lease_s=30, renew_before_s=20, rotation_s=20, rotation_gap_s=10, switch_gap_s=10
)


@dataclass
class Knowledge:
    """What somebody knows of the logs of installations and chargers."""

    layouts: dict[str, Layout] = field(default_factory=dict)
    reported: dict[str, Reported] = field(default_factory=dict)
    _sites: dict[str, tuple[Layout, Site]] = field(default_factory=dict)
    _departed: dict[str, list[Departed]] | None = None

    def hear(self, position: int, event: Event, at_s: float) -> None:
        """Take in an event; `position` is that of an installation's event in its log."""
        if isinstance(event, ChargerEvent):
            before = self.reported.get(event.charger_id)
            self.reported[event.charger_id] = fold_reported(before, event, moment(at_s))
            return
        name = event.aggregate_id
        layout = fold_layout(self.layouts.get(name), event, position, moment(at_s))
        if layout is not None:
            self.layouts[name] = layout
            self._departed = None

    def site(self, name: str) -> Site:
        """Name the tree of a building, as it is known."""
        layout = self.layouts[name]
        known = self._sites.get(name)
        if known is None or known[0] is not layout:
            known = self._sites[name] = (layout, layout.site())
        return known[1]

    def departed(self) -> dict[str, list[Departed]]:
        """Find what is gone by its serial number."""
        if self._departed is None:
            self._departed = Departures(self.layouts.values()).by_serial
        return self._departed

    def copy(self) -> "Knowledge":
        """Know the same, and learn apart from now on."""
        return Knowledge({**self.layouts}, {**self.reported})


@dataclass(frozen=True, slots=True)
class Command:
    """A limit on its way to a charger."""

    installation_id: str
    lease: Lease
    epoch: int
    position: int
    """Of the layout that it was decided for."""

    @property
    def rank(self) -> tuple[int, int]:
        """What gateways order limits by."""
        return (self.epoch, self.lease.sequence)


@dataclass(frozen=True, slots=True)
class Decided:
    """What a balancer wants to announce for a building, on what it has read of its own log."""

    installation_id: str
    version: int
    events: tuple[Event, ...]
    commands: tuple[Command, ...]
    short: bool = False
    """Somebody should have more than could be announced yet: others make room first, or leases end."""


@dataclass
class Mind:
    """A balancer: what it knows, and what readings have taught it."""

    epoch: int
    known: Knowledge = field(default_factory=Knowledge)
    announced: dict[str, Announced] = field(default_factory=dict)
    read: dict[str, int] = field(default_factory=dict)
    """For each building the version of its stream of limits."""
    epochs: dict[str, int] = field(default_factory=dict)
    """For each building the newest epoch that it has read there."""
    unheard: list[tuple[float, int, Event, float]] = field(default_factory=list)
    behaviours: dict[str, Behaviour] = field(default_factory=dict)
    rotated_at_s: dict[str, float] = field(default_factory=dict)
    recent: Recent = field(default_factory=Recent)
    timing: Timing = TIMING

    def forget(self) -> None:
        """Start anew: what is in the logs is known again, what readings taught is not."""
        self.behaviours.clear()
        self.rotated_at_s.clear()

    def hear(self, now_s: float) -> None:
        """Hear what is due, in the order of each log; nothing overtakes."""
        for of_telemetry in (True, False):
            for it in [it for it in self.unheard if (it[1] == 0) is of_telemetry]:
                if it[0] > now_s:
                    break
                self.unheard.remove(it)
                self.known.hear(it[1], it[2], it[3])

    def facts(self, name: str, now_s: float) -> SiteFacts:
        """Put together what it knows of a building."""
        return facts_of(self.known, self.announced, name, now_s, self)

    def decide(self, name: str, now_s: float) -> Decided:
        """Decide for one building, on what is known."""
        facts = self.facts(name, now_s)
        decision = decide(facts, self.timing, now_s)
        if decision.rotated:
            self.rotated_at_s[name] = now_s
        leases = (
            Lease(
                charger_id=it.charger_id,
                limit_a=it.grant.limit_a,
                phases=it.grant.lines,
                valid_until=moment(it.grant.valid_until_s),
                sequence=it.grant.sequence,
                terminals=it.grant.terminals,
            )
            for it in decision.announcements
        )
        position = facts.layout_position or 0
        return Decided(
            installation_id=name,
            version=self.read.get(name, 0),
            events=(*events_of(facts, decision, now_s, None), *obedience_of(facts)),
            commands=tuple(Command(name, it, self.epoch, position) for it in leases),
            short=_is_short(facts, decision, now_s),
        )

    def observe(self, charger: Charger, now_s: float) -> None:
        """Take a reading of a charger into account."""
        if charger.assigned is None:
            return
        name, charger_id = charger.assigned
        site = self.known.site(name)
        if charger_id not in site.chargers:
            return
        drawn_a = charger.drawn_a(now_s)
        wires = charger.wires(charger.closed(now_s))
        lines = lines_loaded(site.grid, wires, len(wires))
        l1, l2, l3 = (drawn_a if line in lines else 0.0 for line in PHASES)
        reported = self.known.reported.get(charger_id)
        told = self.announced.get(charger_id) or Announced()
        self.behaviours[charger_id] = observe(
            self.behaviours.get(charger_id) or remembered(told),
            site,
            charger_id,
            reported.session_id if reported else None,
            (l1, l2, l3),
            offer_of(reported, now_s),
            now_s,
            phases_told(told, reported, now_s),
            allowed_a=self.recent.allowed_a(charger_id, told, reported, now_s),
        )


def facts_of(
    known: Knowledge,
    announced: dict[str, Announced],
    name: str,
    now_s: float,
    mind: Mind | None = None,
) -> SiteFacts:
    """Put together what is known of a building, and what a balancer has learned of its cars."""
    heard = Heard(known.reported, announced, mind.behaviours if mind else {}, known.departed())
    return site_facts(
        known.layouts[name],
        known.site(name),
        heard,
        now_s,
        mind.epoch if mind else 1,
        mind.rotated_at_s.get(name, 0.0) if mind else 0.0,
        mind.recent.charger if mind else Assembly.charger,
    )


def _is_short(facts: SiteFacts, decision: Decision, now_s: float) -> bool:
    """Tell whether somebody whose charger hears what it is told should have more than it is told."""
    told_a = {it.charger_id: it.grant.limit_a for it in decision.announcements}
    reached = {it: charger for it, charger in facts.chargers.items() if charger.connected}
    return any(
        it.limit_a - told_a.get(it.charger_id, in_force_a(reached[it.charger_id], now_s))
        > RAISE_A_MIN
        for it in decision.targets
        if it.charger_id in reached
    )


def remember(announced: dict[str, Announced], events: Sequence[Event], now_s: float) -> None:
    """Fold what was announced of limits."""
    for event in events:
        for charger_id in told_in(event):
            before = announced.get(charger_id)
            announced[charger_id] = fold_announced(before, charger_id, event, moment(now_s))
