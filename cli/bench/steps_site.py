"""One main breaker with a meter and some chargers, as the balancer's own folds know them."""

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from services.balancer.announced import (
    Announced,
    LoadsCounted,
    fold_announced,
    fold_load,
)
from services.balancer.announcing import events_of
from services.balancer.behaviour import Behaviour, observe
from services.balancer.decider import decide
from services.balancer.facts import SiteFacts, Timing
from services.balancer.hardware import Heard
from services.balancer.layout_folds import fold_layout
from services.balancer.layouts import Layout
from services.balancer.loads import Loads
from services.balancer.reported import (
    Reported,
    fold_reported,
    offer_of,
)
from services.balancer.standings import site_facts
from shared.messages import Event
from shared.messages.balancer import (
    CurrentLimitAllocated,
    Lease,
    LeasesRenewed,
    UnmanagedLoadCounted,
)
from shared.messages.installation import (
    ChargerAssigned,
    CircuitAdded,
    InstallationCreated,
    MeterAdded,
)
from shared.messages.installation_terms import Category, InstallationType, Measures, MeterKind
from shared.messages.telemetry import (
    BreakerReading,
    ChargerConnected,
    ChargerEvent,
    CurrentLimitApplied,
    FailSafeApplied,
    SessionStarted,
)
from shared.phases import PHASES, GridType
from shared.recorded import Meta, Recorded

RATING_A: Final = 63.0
HIGHEST_A: Final = 50.0
TICK_S: Final = 0.2
DECIDE_EVERY_S: Final = 1.0
BEGAN_S: Final = 1_800_000_000.0
NAME: Final = "stepped"
_ABOUT: Final = {"installation_id": NAME}


def moment(at_s: float) -> datetime:
    """Turn simulated seconds into a time."""
    return datetime.fromtimestamp(BEGAN_S + at_s, UTC)


def _built(chargers: int) -> list[Event]:
    """A breaker of 63 A for a building and its cars; fail-safes are 0, as beside a load of up to 50 A."""
    created = InstallationCreated(
        **_ABOUT,
        name="Stepped",
        address="nowhere",
        category=Category.PRIVATE,
        country="NO",
        type=InstallationType.GARAGE,
        grid_type=GridType.TN_3_PHASE,
        breaker_a=RATING_A,
        time_zone="Etc/UTC",
    )
    circuit = CircuitAdded(
        **_ABOUT, circuit_id="all", name="All", breaker_a=RATING_A, set_a=RATING_A
    )
    meter = MeterAdded(
        **_ABOUT,
        meter_id="house",
        circuit_id=None,
        kind=MeterKind.BUILDING,
        measures=Measures.TOTAL,
        phases=PHASES,
        highest_a=HIGHEST_A,
        error_a=0.2,
        interval_s=1.0,
    )
    bays = (
        ChargerAssigned(
            **_ABOUT,
            circuit_id="all",
            charger_id=f"bay-{it}",
            serial=f"STEP{it:04}",
            name=f"Bay {it}",
            wiring=PHASES,
            max_a=32,
            min_a=6,
            breaker_a=None,
            fail_safe_a=0,
            moved_from=None,
        )
        for it in range(chargers)
    )
    return [created, circuit, meter, *bays]


class SteppedSite:
    """What is known of the site, what was decided, and what its chargers have been told."""

    def __init__(self, chargers: int) -> None:
        self._layout = self._folded(_built(chargers))
        self._site = self._layout.site()
        self._reported: dict[str, Reported] = {}
        self._announced: dict[str, Announced] = {}
        self._behaviours: dict[str, Behaviour] = {}
        self._counted = LoadsCounted()
        self._loads = Loads()
        self._in_force: dict[str, Lease] = {}
        self._sent: dict[tuple[int, int], Lease] = {}
        self._changed, self._decided_s = True, 0.0
        self._log: list[tuple[float, Event]] = [(0.0, it) for it in _built(chargers)]
        for index in range(chargers):
            for event in _plugged(index):
                self.hear(event, 0.0)

    @staticmethod
    def _folded(events: Sequence[Event]) -> Layout:
        layout: Layout | None = None
        for position, event in enumerate(events, start=1):
            layout = fold_layout(layout, event, position, moment(0))
        if layout is None:
            raise ValueError("a layout begins with the creation of its installation")
        return layout

    # --- The chargers ---

    def offered_a(self, index: int, now_s: float) -> float:
        """Name what a charger offers its car now."""
        lease = self._in_force.get(f"bay-{index}")
        if lease is None or moment(now_s) >= lease.valid_until:
            return 0.0
        return lease.limit_a

    def apply(self, index: int, sequence: int, now_s: float) -> CurrentLimitApplied:
        """Have a charger take a limit, and say so; an older one than it has changes nothing."""
        lease = self._sent.pop((index, sequence))
        newest = self._in_force.get(lease.charger_id)
        if newest is None or newest.sequence < sequence:
            self._in_force[lease.charger_id] = lease
        return CurrentLimitApplied(
            **_ABOUT,
            charger_id=lease.charger_id,
            limit_a=lease.limit_a,
            valid_until=lease.valid_until,
            sequence=sequence,
            epoch=1,
            applied_at=moment(now_s),
        )

    # --- What is heard ---

    def hear(self, event: ChargerEvent, now_s: float) -> None:
        """Take in what a charger tells."""
        self._log.append((now_s, event))
        before = self._reported.get(event.charger_id)
        self._reported[event.charger_id] = fold_reported(before, event, moment(now_s))
        self._changed = True

    def read_charger(self, index: int, drawn_a: float, now_s: float) -> None:
        """Take in what a charger's meter showed."""
        charger_id = f"bay-{index}"
        reported = self._reported[charger_id]
        self._behaviours[charger_id] = observe(
            self._behaviours.get(charger_id, Behaviour()),
            self._site,
            charger_id,
            reported.session_id,
            (drawn_a, drawn_a, drawn_a),
            offer_of(reported, BEGAN_S + now_s),
            BEGAN_S + now_s,
        )
        self._changed = True

    def read_breaker(self, total_a: float, measured_s: float, now_s: float) -> None:
        """Take in what the breaker's meter showed."""
        reading = BreakerReading(
            **_ABOUT,
            meter_id="house",
            measured_at=moment(measured_s),
            received_at=moment(now_s),
            current_a=(total_a, total_a, total_a),
        )
        self._loads.hear(self._facts(now_s), reading, BEGAN_S + now_s)
        self._changed = True

    # --- Deciding ---

    def decide(self, now_s: float) -> list[tuple[int, int]]:
        """Decide if it is time to; name what is sent, by charger and sequence."""
        if not self._changed and now_s - self._decided_s < DECIDE_EVERY_S:
            return []
        self._changed, self._decided_s = False, now_s
        facts = self._loads.counting(self._facts(now_s), self._counted.loads(), BEGAN_S + now_s)
        decision = decide(facts, Timing(), BEGAN_S + now_s)
        sent: list[tuple[int, int]] = []
        for event in events_of(facts, decision, BEGAN_S + now_s, None):
            self._log.append((now_s, event))
            if isinstance(event, UnmanagedLoadCounted):
                self._counted = fold_load(self._counted, event)
            for lease in _leases_in(event):
                key = (int(lease.charger_id.removeprefix("bay-")), lease.sequence)
                self._sent[key] = lease
                sent.append(key)
                before = self._announced.get(lease.charger_id)
                self._announced[lease.charger_id] = fold_announced(
                    before, lease.charger_id, event, moment(now_s)
                )
        return sent

    def recorded(self) -> list[Recorded]:
        """Hand out everything that was told, as logs hold it."""
        meta = Meta(actor="bench", command_id="bench", correlation_id="bench")
        changes = itertools.count(1)
        return [
            Recorded(
                position=next(changes) if event.service == "installation" else position,
                stream=NAME,
                version=position,
                event_id=UUID(int=position),
                recorded_at=moment(at_s),
                type=type(event).__name__,
                schema_version=event.schema_version,
                data=event.model_dump_json().encode(),
                meta=meta,
            )
            for position, (at_s, event) in enumerate(self._log, start=1)
        ]

    def _facts(self, now_s: float) -> SiteFacts:
        heard = Heard(self._reported, self._announced, self._behaviours, {})
        return site_facts(self._layout, self._site, heard, BEGAN_S + now_s, epoch=1)


def _leases_in(event: Event) -> Sequence[Lease]:
    match event:
        case CurrentLimitAllocated():
            return (Lease.model_validate(event.model_dump(include=set(Lease.model_fields))),)
        case LeasesRenewed():
            return event.leases
        case _:
            return ()


def _plugged(index: int) -> tuple[ChargerEvent, ...]:
    about = {**_ABOUT, "charger_id": f"bay-{index}"}
    return (
        FailSafeApplied(**about, fail_safe_a=0),
        ChargerConnected(
            **about, serial=f"STEP{index:04}", vendor="", model="", gateway_id="g", remote=""
        ),
        SessionStarted(
            **about,
            session_id=f"s-{index}",
            transaction_id=1,
            started_at=moment(0),
            register_wh=0,
        ),
    )
