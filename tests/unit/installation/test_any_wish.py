"""Whatever is wished, in any order: breakers protect each other, fail-safes fit, serials stand once."""

from datetime import UTC, date, datetime

from hypothesis import given as for_any
from hypothesis import settings
from hypothesis import strategies as st

from services.installation.claims import claims_of
from services.installation.decider import installation, moving
from services.installation.fail_safes import FAIL_SAFE_SHARE_MAX
from services.installation.language import COMMANDS, InstallationCommand, InstallationEvent
from services.installation.moves import leads_elsewhere
from services.installation.notes import notes_of
from services.installation.state import Installation
from shared.decider import Refused
from shared.messages.balancer import MAIN
from shared.messages.installation_commands import (
    AddCircuit,
    AddMeter,
    AssignChargers,
    ChangeCharger,
    ChangeCircuit,
    ChangeInstallation,
    ChangeMeter,
    CreateInstallation,
    DeactivateCircuit,
    DeactivateInstallation,
    LiftExternalLimit,
    MoveCharger,
    MoveCircuit,
    ReactivateCircuit,
    ReactivateInstallation,
    RemoveCharger,
    RemoveMeter,
    SetAuthenticationRequired,
    SetAvailableCurrent,
    SetChargingWish,
    SetContractPeak,
    SetCurrentSchedule,
    SetExternalLimit,
    SetFailSafe,
    SetImbalanceLimit,
    SetPriority,
    SetSwitchCurrent,
    SetTariff,
    UnlockSerial,
)
from shared.messages.installation_terms import (
    InstallationType,
    LimitOwner,
    Measures,
    MeterKind,
    ScheduleRule,
    Weekday,
)
from shared.phases import GridType
from shared.units import PILOT_MIN_A, TOLERANCE_A
from tests.unit.installation.facts import GARAGE, OTHER, charger, create, created

PLACES = (GARAGE, OTHER)
LAYOUT = (
    ("circuit-0", None, 63.0),
    ("circuit-1", "circuit-0", 32.0),
    ("circuit-2", None, 24.0),
)
"""Circuits that are there from the beginning, with two chargers each."""
AMPS = st.sampled_from([6.0, 12.0, 16.0, 24.0, 32.0, 63.0, 100.0, 160.0, 250.0])
CHARGER_AMPS = st.sampled_from([6.0, 10.0, 16.0, 32.0])
PLACE = st.sampled_from(PLACES)
CIRCUIT = st.sampled_from([f"circuit-{it}" for it in range(4)])
PARENT = st.none() | st.just(MAIN) | CIRCUIT
NUMBER = st.integers(1, 14)
CHARGER = NUMBER.map(lambda it: f"bay-{it}")
SERIAL = NUMBER.map(lambda it: f"ZAP{it:06}")
METER = st.sampled_from(["house", "roof"])
LIMIT = st.sampled_from(["evening", "operator"])
SURE = st.booleans()
GRID = st.sampled_from([GridType.TN_3_PHASE, GridType.IT_3_PHASE, GridType.TN_1_PHASE])
TYPE = st.sampled_from([InstallationType.GARAGE] * 3 + [InstallationType.HOME])
WIRING = st.sampled_from([("L1",), ("L2",), ("L1", "L2", "L3"), ("L2", "L3", "L1")])


def maybe(values: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.none() | values


def wishing(
    kind: type[InstallationCommand], /, **fields: st.SearchStrategy[object]
) -> st.SearchStrategy[InstallationCommand]:
    return st.builds(kind, command_id=st.just("wish"), installation_id=PLACE, **fields)


NEW_CHARGERS = st.lists(
    st.builds(charger, NUMBER, wiring=WIRING, max_a=CHARGER_AMPS), min_size=1, max_size=3
).map(tuple)

WISHES: dict[type[InstallationCommand], st.SearchStrategy[InstallationCommand]] = {
    CreateInstallation: PLACE.map(lambda it: create(installation_id=it)),
    ChangeInstallation: wishing(
        ChangeInstallation, breaker_a=maybe(AMPS), grid_type=maybe(GRID), type=maybe(TYPE)
    ),
    DeactivateInstallation: wishing(DeactivateInstallation, lock_serials=SURE),
    ReactivateInstallation: wishing(ReactivateInstallation),
    SetAuthenticationRequired: wishing(SetAuthenticationRequired, required=SURE),
    SetAvailableCurrent: wishing(
        SetAvailableCurrent, available_a=maybe(st.tuples(AMPS, AMPS, AMPS))
    ),
    SetCurrentSchedule: wishing(
        SetCurrentSchedule,
        rules=st.lists(
            st.builds(
                ScheduleRule,
                days=st.just((Weekday.MON, Weekday.SUN)),
                begins=st.sampled_from(("00:00", "08:00")),
                ends=st.sampled_from(("08:00", "20:00")),
                available_a=st.tuples(AMPS, AMPS, AMPS),
            ),
            max_size=2,
        ).map(tuple),
        otherwise_a=maybe(st.just((20.0, 20.0, 20.0))),
    ),
    SetSwitchCurrent: wishing(SetSwitchCurrent, switch_current_a=maybe(CHARGER_AMPS)),
    SetImbalanceLimit: wishing(SetImbalanceLimit, imbalance_a=maybe(st.just(20.0))),
    AddCircuit: wishing(
        AddCircuit,
        circuit_id=CIRCUIT,
        parent_id=PARENT,
        name=CIRCUIT,
        breaker_a=AMPS,
        set_a=maybe(AMPS),
    ),
    ChangeCircuit: wishing(
        ChangeCircuit, circuit_id=CIRCUIT, breaker_a=maybe(AMPS), set_a=maybe(AMPS)
    ),
    MoveCircuit: wishing(MoveCircuit, circuit_id=CIRCUIT, parent_id=PARENT),
    DeactivateCircuit: wishing(DeactivateCircuit, circuit_id=CIRCUIT, lock_serials=SURE),
    ReactivateCircuit: wishing(ReactivateCircuit, circuit_id=CIRCUIT),
    AssignChargers: wishing(AssignChargers, circuit_id=CIRCUIT, chargers=NEW_CHARGERS),
    ChangeCharger: wishing(
        ChangeCharger,
        charger_id=CHARGER,
        wiring=maybe(WIRING),
        max_a=maybe(CHARGER_AMPS),
        min_a=maybe(CHARGER_AMPS),
        breaker_a=maybe(CHARGER_AMPS),
    ),
    MoveCharger: wishing(
        MoveCharger, charger_id=CHARGER, circuit_id=CIRCUIT, to_installation_id=maybe(PLACE)
    ),
    RemoveCharger: wishing(RemoveCharger, charger_id=CHARGER),
    SetFailSafe: wishing(
        SetFailSafe, charger_id=CHARGER, fail_safe_a=maybe(st.just(0.0) | CHARGER_AMPS)
    ),
    SetPriority: wishing(SetPriority, charger_id=CHARGER, priority=st.integers(0, 9)),
    SetChargingWish: wishing(
        SetChargingWish,
        charger_id=CHARGER,
        departure_at=maybe(st.just(datetime(2026, 12, 1, tzinfo=UTC))),
        energy_wh=maybe(st.just(20_000)),
    ),
    UnlockSerial: wishing(UnlockSerial, serial=SERIAL, reason=st.just("sold to somebody")),
    AddMeter: wishing(
        AddMeter,
        meter_id=METER,
        circuit_id=PARENT,
        kind=st.sampled_from(MeterKind),
        measures=st.sampled_from(Measures),
        highest_a=AMPS,
    ),
    ChangeMeter: wishing(
        ChangeMeter,
        meter_id=METER,
        measures=maybe(st.sampled_from(Measures)),
        highest_a=maybe(AMPS),
    ),
    RemoveMeter: wishing(RemoveMeter, meter_id=METER),
    SetExternalLimit: wishing(
        SetExternalLimit,
        limit_id=LIMIT,
        owner=st.sampled_from(LimitOwner),
        circuit_id=PARENT,
        limit_a=maybe(st.tuples(AMPS, AMPS, AMPS)),
        power_w=maybe(st.just(9000.0)),
    ),
    LiftExternalLimit: wishing(LiftExternalLimit, limit_id=LIMIT),
    SetContractPeak: wishing(SetContractPeak, circuit_id=PARENT, peak_w=maybe(st.just(9000.0))),
    SetTariff: wishing(
        SetTariff,
        valid_from=st.sampled_from([date(2026, 12, 1), date(2027, 1, 1)]),
        currency=st.sampled_from(["NOK", "EUR"]),
        price_per_kwh=st.decimals(0, 5, places=2),
    ),
}
OFTEN = (
    AssignChargers,
    MoveCharger,
    DeactivateCircuit,
    ReactivateCircuit,
    ReactivateInstallation,
)
KINDS = st.sampled_from([*WISHES, *OFTEN, *OFTEN])
ANY_WISHES = st.lists(KINDS.flatmap(WISHES.__getitem__), min_size=10, max_size=40)


class World:
    """Two installations, and who holds which key: what the log is, without a database."""

    def __init__(self) -> None:
        history = {it: created(installation_id=it, breaker_a=100.0) for it in PLACES}
        self.states = {it: installation.fold([history[it]]) for it in PLACES}
        self.holders: dict[tuple[str, str], str] = {}
        for number, place in enumerate(PLACES):
            for circuit, parent, breaker_a in LAYOUT:
                self.ask(
                    wish_of(
                        AddCircuit,
                        place,
                        circuit_id=circuit,
                        parent_id=parent,
                        name=circuit,
                        breaker_a=breaker_a,
                    )
                )
                first = 1 + 6 * number + 2 * int(circuit[-1])
                chargers = (charger(first), charger(first + 1))
                self.ask(wish_of(AssignChargers, place, circuit_id=circuit, chargers=chargers))

    def ask(self, command: InstallationCommand) -> None:
        """Decide a command and take what comes of it, unless a rule or a key says no."""
        try:
            parts = self._decided(command)
        except Refused:
            return
        claims = [
            it for events in parts.values() for event in events for it in claims_of(event)
        ]
        released = {(it.kind, it.key, it.holder) for it in claims if it.release}
        for claim in claims:
            holder = self.holders.get((claim.kind, claim.key), claim.holder)
            if holder != claim.holder and (claim.kind, claim.key, holder) not in released:
                return
        for claim in claims:
            if claim.release:
                assert self.holders.pop((claim.kind, claim.key)) == claim.holder
            else:
                self.holders[claim.kind, claim.key] = claim.holder
        for place, events in parts.items():
            self.states[place] = installation.fold(events, self.states[place])
        assert not any(self._decided(command).values()), "it happened again"

    def _decided(
        self, command: InstallationCommand
    ) -> dict[str, tuple[InstallationEvent, ...]]:
        here = command.installation_id
        if isinstance(command, MoveCharger) and leads_elsewhere(command):
            beyond = str(command.to_installation_id)
            left, arrived = moving.decide(command, (self.states[here], self.states[beyond]))
            return {here: left, beyond: arrived}
        return {here: installation.decide(command, self.states[here])}


def test_every_command_is_among_the_wishes() -> None:
    assert set(WISHES) == set(COMMANDS)


@settings(deadline=None, max_examples=150)
@for_any(ANY_WISHES)
def test_whatever_is_wished_the_layout_holds(wishes: list[InstallationCommand]) -> None:
    world = World()
    for wish in wishes:
        world.ask(wish)
        for state in world.states.values():
            check_breakers(state)
            check_fail_safes(state)
            check_load(state)
            check_use(state)
            check_wiring_and_size(state)
            notes_of(state)
        check_serials(world)


def check_breakers(state: Installation) -> None:
    for circuit_id, circuit in state.circuits.items():
        assert circuit.set_a <= circuit.breaker_a
        if circuit.parent_id is not None:
            assert circuit.breaker_a <= state.circuits[circuit.parent_id].breaker_a
        above = [it for it, _ in state.path(circuit_id)]
        assert above[-1] == MAIN
        assert len(above) == len(set(above))


def check_fail_safes(state: Installation) -> None:
    for circuit_id, circuit in state.circuits.items():
        together_a = sum(it.fail_safe_a for it in state.beneath(circuit_id).values())
        assert together_a <= circuit.set_a * FAIL_SAFE_SHARE_MAX + TOLERANCE_A
    for one in state.chargers.values():
        assert one.fail_safe_a == 0 or one.fail_safe_a >= PILOT_MIN_A
        assert one.fail_safe_a <= one.ceiling_a
        wished_a = PILOT_MIN_A if one.wished_a is None else one.wished_a
        assert one.fail_safe_a in {0, wished_a}


def check_load(state: Installation) -> None:
    """Fail-safes and the most that other load may be fit every breaker together."""
    for circuit_id, circuit in state.circuits.items():
        together_a = sum(it.fail_safe_a for it in state.beneath(circuit_id).values())
        unmanaged_a = state.unmanaged_a(circuit_id)
        assert together_a == 0 or together_a + unmanaged_a <= circuit.set_a + TOLERANCE_A


def check_use(state: Installation) -> None:
    """A charger is locked exactly while it is out of use, with something that is, and gets nothing."""
    for one in state.chargers.values():
        assert (one.lock is not None) == (state.inactive(one.circuit_id) is not None)
        if one.lock is not None:
            assert one.fail_safe_a == 0
            above = dict(state.path(one.circuit_id))
            assert not above[one.lock.circuit_id or MAIN].active


def check_wiring_and_size(state: Installation) -> None:
    assert state.description is not None
    assert state.imbalance_a is None or state.description.grid_type is GridType.TN_3_PHASE
    for one in state.chargers.values():
        assert set(one.wiring) <= set(state.description.grid_type.lines)
        assert one.min_a <= one.max_a
    if state.description.type is InstallationType.HOME:
        assert len(state.circuits) - 1 <= 1
        assert len(state.chargers) <= 3


def check_serials(world: World) -> None:
    """One serial, one place; and it is held by exactly that place, locked or not."""
    standing = [
        (kind, key, f"{place}/{charger_id}")
        for place, state in world.states.items()
        for charger_id, it in state.chargers.items()
        for kind, key in (("serial", it.serial), ("charger", charger_id))
    ]
    assert len({it[:2] for it in standing}) == len(standing)
    assert {(kind, key, holder) for (kind, key), holder in world.holders.items()} == {*standing}


def test_wishes_come_true_often_enough_to_mean_something() -> None:
    """A world in which everything is refused would hold as well."""
    world = World()
    steps: list[InstallationCommand] = [
        wish_of(
            MoveCharger, charger_id="bay-1", circuit_id="circuit-1", to_installation_id=OTHER
        ),
        wish_of(DeactivateCircuit, circuit_id="circuit-1", lock_serials=True),
        wish_of(UnlockSerial, serial="ZAP000003", reason="sold to somebody"),
        wish_of(AssignChargers, OTHER, circuit_id="circuit-1", chargers=(charger(3),)),
    ]
    for step in steps:
        world.ask(step)

    assert list(world.states[OTHER].chargers)[-2:] == ["bay-1", "bay-3"]
    assert [it for it, one in world.states[GARAGE].chargers.items() if one.lock] == ["bay-4"]


def wish_of(
    kind: type[InstallationCommand], place: str = GARAGE, **fields: object
) -> InstallationCommand:
    return kind(**{"command_id": "wish", "installation_id": place, **fields})
