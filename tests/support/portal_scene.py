"""A garage of 54 chargers on an ordinary evening, as its services would tell of it."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.messages import Event
from shared.messages.balancer import (
    MAIN,
    BreakerLoad,
    ChargerQueued,
    CurrentLimitAllocated,
    LimitedBy,
    Rule,
    SiteBalance,
)
from shared.messages.installation import ChargerAssigned, CircuitAdded, InstallationCreated
from shared.messages.installation_terms import Category, InstallationType
from shared.messages.telemetry import (
    ChargerConnected,
    ChargerDisconnected,
    ChargerStatusChanged,
    CurrentLimitApplied,
    FailSafeApplied,
    FaultReported,
    MeterReading,
    SessionStarted,
)
from shared.phases import PHASES, GridType, Phase, lines_loaded
from shared.units import STEP_A

GARAGE = "garage-1"
LEASE = timedelta(minutes=10)
CIRCUITS = (
    # id, beneath, name, rating, set value, chargers
    ("level-1", None, "Level 1", 63.0, 63.0, 12),
    ("level-2", None, "Level 2", 63.0, 63.0, 12),
    ("level-3", None, "Level 3", 63.0, 50.0, 12),
    ("guests", "level-3", "Guests", 32.0, 32.0, 8),
    ("courtyard", None, "Courtyard", 40.0, 40.0, 10),
)
MAIN_A = 160.0
SET_A = {MAIN: MAIN_A} | {it[0]: it[4] for it in CIRCUITS}
CHARGER_A = 32.0
WIRINGS = (
    (Phase.L1, Phase.L2, Phase.L3),
    (Phase.L2, Phase.L3, Phase.L1),
    (Phase.L3, Phase.L1, Phase.L2),
)
KINDS = (
    *("three", "one", "free", "one", "queued", "free", "one", "rests", "free", "lends", "one"),
    *("free", "one", "three", "free"),
)
ODD = {7: "offline", 20: "fault", 33: "disobeys", 41: "starting", 52: "unseen"}


@dataclass(slots=True)
class Bay:
    """A charger, its car, and what has been decided for it."""

    number: int
    circuit_id: str
    kind: str
    wiring: tuple[Phase, Phase, Phase]
    limit_a: float = 0.0
    limited_by: LimitedBy = field(default_factory=lambda: LimitedBy(rule=Rule.NO_CAR))

    @property
    def charger_id(self) -> str:
        return f"bay-{self.number}"

    @property
    def of(self) -> dict[str, str]:
        return {"installation_id": GARAGE, "charger_id": self.charger_id}

    @property
    def car(self) -> bool:
        return self.kind not in {"free", "unseen", "offline"}

    @property
    def lines(self) -> tuple[Phase, ...]:
        return lines_loaded(GridType.TN_3_PHASE, self.wiring, 3 if self.kind == "three" else 1)

    def draw_a(self, beat: float) -> float:
        """Follow the limit, a little below it and never quite still."""
        wobble = 0.25 * (1 + math.sin(beat / 3 + self.number))
        match self.kind:
            case "one" | "three":
                return max(0.0, self.limit_a - 0.1 - wobble)
            case "lends":
                return 7.2 - wobble
            case "disobeys":
                return 15.8 - wobble
        return 0.0


class Garage:
    """The scene: first `history`, then `picture` again and again."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.bays = list(self._bays())
        self._share_out()

    def _bays(self) -> Iterator[Bay]:
        number = 0
        for circuit_id, _, _, _, _, count in CIRCUITS:
            for _ in range(count):
                number += 1
                kind = ODD.get(number, KINDS[number * 7 % len(KINDS)])
                yield Bay(number, circuit_id, kind, WIRINGS[number * 2 // 3 % 3])

    def _share_out(self) -> None:
        for bay in self.bays:
            match bay.kind:
                case "queued":
                    line = bay.lines[0]
                    bay.limited_by = LimitedBy(rule=Rule.QUEUE, circuit_id=MAIN, phase=line)
                case "rests" | "lends":
                    bay.limit_a, bay.limited_by = 8.0, LimitedBy(rule=Rule.CAR)
                case "disobeys":
                    bay.limit_a, bay.limited_by = 10.0, LimitedBy(rule=Rule.DISOBEYS)
                case "starting":
                    bay.limited_by = LimitedBy(rule=Rule.DECREASE_FIRST)
                case "one" | "three":
                    bay.limit_a, bay.limited_by = 6.0, LimitedBy(rule=Rule.CHARGER)
        self._fill([it for it in self.bays if it.kind in {"one", "three"}])

    def _fill(self, rising: list[Bay]) -> None:
        """Raise all together, and leave behind who stands on a full line."""
        while rising:
            for full in list(self._full_lines()):
                there = [it for it in rising if full[1] in it.lines and full[0] in above(it)]
                for bay in there:
                    bay.limited_by = LimitedBy(
                        rule=Rule.BREAKER,
                        circuit_id=full[0],
                        phase=full[1],
                        shared_by=len(there),
                    )
                rising = [it for it in rising if it not in there]
            rising = [it for it in rising if it.limit_a < CHARGER_A]
            for bay in rising:
                bay.limit_a = round(bay.limit_a + STEP_A, 1)

    def _full_lines(self) -> Iterator[tuple[str, Phase]]:
        balance = self.balance(self.now)
        for breaker in balance.breakers:
            for line, committed_a in zip(PHASES, breaker.committed_a, strict=True):
                if committed_a > breaker.set_a - 2.0:
                    yield breaker.circuit_id, line

    # --- What is told ---

    def history(self) -> list[Event]:
        """Everything that was announced until now."""
        return [*self._layout(), *(event for bay in self.bays for event in self._life_of(bay))]

    def _layout(self) -> Iterator[Event]:
        yield InstallationCreated(
            time_zone="Europe/Oslo",
            installation_id=GARAGE,
            name="Sea Street garage",
            address="Sea Street 12, Bergen",
            category=Category.COMMUNITY,
            country="NO",
            type=InstallationType.GARAGE,
            grid_type=GridType.TN_3_PHASE,
            breaker_a=MAIN_A,
        )
        for circuit_id, parent_id, name, breaker_a, set_a, _ in CIRCUITS:
            yield CircuitAdded(
                installation_id=GARAGE,
                circuit_id=circuit_id,
                parent_id=parent_id,
                name=name,
                breaker_a=breaker_a,
                set_a=set_a,
            )
        for bay in self.bays:
            yield ChargerAssigned(
                min_a=6.0,
                breaker_a=None,
                moved_from=None,
                **bay.of,
                circuit_id=bay.circuit_id,
                serial=f"ZAP{bay.number:06}",
                name=f"Bay {bay.number}",
                wiring=bay.wiring,
                max_a=CHARGER_A,
                fail_safe_a=_fail_safe_a(bay),
            )

    def _life_of(self, bay: Bay) -> Iterator[Event]:
        if bay.kind == "unseen":
            return
        yield FailSafeApplied(**bay.of, fail_safe_a=_fail_safe_a(bay))
        yield ChargerConnected(
            remote="10.0.0.1",
            **bay.of,
            serial=f"ZAP{bay.number:06}",
            vendor="Zaptec",
            model="Pro",
            firmware="3.2.1",
            gateway_id="gateway-1",
        )
        status = "Charging" if bay.kind in {"one", "three", "lends"} else "SuspendedEVSE"
        yield ChargerStatusChanged(
            **bay.of,
            status=status if bay.car else "Available",
            error_code="NoError",
            reported_at=self.now,
        )
        if bay.car:
            yield SessionStarted(
                **bay.of,
                session_id=f"session-{bay.number}",
                transaction_id=bay.number,
                started_at=self.now - timedelta(minutes=7 * bay.number % 90),
                register_wh=1_000_000,
            )
        yield from self.limit(bay, bay.limit_a, bay.limited_by, sequence=1)
        if bay.kind == "offline":
            yield ChargerDisconnected(**bay.of, gateway_id="gateway-1", reason="ping timeout")
        if bay.kind == "fault":
            yield FaultReported(
                **bay.of, error_code="GroundFailure", info="RCD tripped", reported_at=self.now
            )

    def waits(self, now: datetime) -> list[Event]:
        """Tell, once the sessions are known, who waits since when."""
        queued = [it for it in self.bays if it.kind == "queued"]
        return [
            ChargerQueued(
                **bay.of,
                waiting_since=now + timedelta(seconds=index),
                limited_by=bay.limited_by,
            )
            for index, bay in enumerate(queued)
        ]

    def limit(
        self, bay: Bay, limit_a: float, limited_by: LimitedBy, sequence: int
    ) -> Iterator[Event]:
        """Decide a limit, and have it confirmed."""
        valid_until = self.now + LEASE
        yield CurrentLimitAllocated(
            **bay.of,
            limit_a=limit_a,
            phases=bay.lines if bay.car else PHASES,
            valid_until=valid_until,
            sequence=sequence,
            epoch=1,
            limited_by=limited_by,
        )
        yield CurrentLimitApplied(
            **bay.of,
            limit_a=limit_a,
            valid_until=valid_until,
            sequence=sequence,
            epoch=1,
            applied_at=self.now,
        )

    def picture(self, now: datetime, beat: float = 0.0) -> list[MeterReading | SiteBalance]:
        """Read all meters, and balance, at one moment; `beat` moves the figures."""
        online = [it for it in self.bays if it.kind not in {"unseen", "offline"}]
        readings: list[MeterReading | SiteBalance] = [
            MeterReading(
                **bay.of,
                session_id=f"session-{bay.number}" if bay.car else None,
                measured_at=now,
                received_at=now,
                current_a=_on_lines(bay.lines, bay.draw_a(beat)),
                register_wh=1_000_000 + bay.number * 311,
            )
            for bay in online
        ]
        return [*readings, self.balance(now, beat)]

    def balance(self, now: datetime, beat: float = 0.0) -> SiteBalance:
        """Add up what every breaker carries."""
        measured_a = {it: [0.0, 0.0, 0.0] for it in SET_A}
        committed_a = {it: [0.0, 0.0, 0.0] for it in SET_A}
        for bay in self.bays:
            for breaker_id in above(bay):
                for line in bay.lines if bay.car else ():
                    draw_a = bay.draw_a(beat)
                    measured_a[breaker_id][PHASES.index(line)] += draw_a
                    committed_a[breaker_id][PHASES.index(line)] += max(draw_a, bay.limit_a)
        return SiteBalance(
            installation_id=GARAGE,
            measured_at=now,
            decisions=1,
            breakers=tuple(
                BreakerLoad(
                    circuit_id=it,
                    set_a=SET_A[it],
                    measured_a=_three(measured_a[it]),
                    committed_a=_three(committed_a[it]),
                )
                for it in SET_A
            ),
        )


def _fail_safe_a(bay: Bay) -> float:
    return 6.0 if bay.number <= 20 else 0.0


def above(bay: Bay) -> Iterator[str]:
    """Name the breakers that carry a bay's current."""
    circuit_id: str | None = bay.circuit_id
    while circuit_id is not None:
        yield circuit_id
        circuit_id = next(it[1] for it in CIRCUITS if it[0] == circuit_id)
    yield MAIN


def _on_lines(lines: tuple[Phase, ...], a: float) -> tuple[float, float, float]:
    return _three([a if line in lines else 0.0 for line in PHASES])


def _three(currents_a: list[float]) -> tuple[float, float, float]:
    first, second, third = (round(it, 3) for it in currents_a)
    return first, second, third
