"""Decisions about the chargers of one installation."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import assert_never

from services.installation import facts, fail_safes
from services.installation.checks import (
    check_currents,
    check_in_use,
    check_unlocked,
    described,
    existing_charger,
    existing_circuit,
)
from services.installation.evolve import fold
from services.installation.language import ChargerWish
from services.installation.refusals import (
    BreakerGivenAndTaken,
    ChargerExists,
    DepartureHasPassed,
    SerialTaken,
    WishIncomplete,
)
from services.installation.state import Charger, Installation, wish_of
from shared.ids import ChargerId, Serial
from shared.messages.installation import (
    ChargerAssigned,
    ChargerChanged,
    ChargerRemoved,
    ChargingWishSet,
    FailSafeSet,
    PrioritySet,
)
from shared.messages.installation_commands import (
    AssignChargers,
    ChangeCharger,
    NewCharger,
    RemoveCharger,
    SetChargingWish,
    SetFailSafe,
    SetPriority,
)

ChargerEvent = (
    ChargerAssigned
    | ChargerChanged
    | ChargerRemoved
    | PrioritySet
    | FailSafeSet
    | ChargingWishSet
)


def decide(command: ChargerWish, state: Installation) -> tuple[ChargerEvent, ...]:
    """Turn a wish into events; none when it is already so."""
    described(state, command.installation_id)
    match command:
        case AssignChargers():
            return _assign(command, state)
        case ChangeCharger():
            return _change(command, state)
        case RemoveCharger():
            return _remove(command, state)
        case SetPriority():
            return _set_priority(command, state)
        case SetFailSafe():
            return _set_fail_safe(command, state)
        case SetChargingWish():
            return _set_charging_wish(command, state)
        case _:
            assert_never(command)


# --- To assign ---


def _assign(command: AssignChargers, state: Installation) -> tuple[ChargerAssigned, ...]:
    existing_circuit(state, command.circuit_id)
    check_in_use(state, command.circuit_id)
    standing = {it.serial: it for it in state.chargers.values()}
    events = [
        facts.assigned(command.installation_id, command.circuit_id, it)
        for it in _distinct(command.chargers)
        if _is_new(command, it, standing.get(it.serial), state)
    ]
    shares_a = fail_safes.shared_out(fold(events, state))
    return tuple(
        it.model_copy(update={"fail_safe_a": shares_a[it.charger_id]}) for it in events
    )


def _distinct(chargers: tuple[NewCharger, ...]) -> Iterable[NewCharger]:
    """Leave out what is named twice alike; of what differs only one can stand there."""
    by_id: dict[ChargerId, NewCharger] = {}
    by_serial: dict[Serial, NewCharger] = {}
    for wished in chargers:
        if by_id.setdefault(wished.charger_id, wished) != wished:
            raise ChargerExists(
                f"charger {wished.charger_id} is named twice, and not alike; choose another id "
                "for one of them"
            )
        if by_serial.setdefault(wished.serial, wished) != wished:
            raise SerialTaken(
                f"serial {wished.serial} is named twice, for {by_serial[wished.serial].name!r} "
                f"and for {wished.name!r}; check the labels"
            )
    return by_id.values()


def _is_new(
    command: AssignChargers, wished: NewCharger, holder: Charger | None, state: Installation
) -> bool:
    existing = state.chargers.get(wished.charger_id)
    if existing is not None:
        check_unlocked(state, existing)
        same = facts.as_described(wished.charger_id, existing) == wished
        if same and existing.circuit_id == command.circuit_id:
            return False
        raise ChargerExists(
            f"charger {wished.charger_id} is {existing.name!r}; choose another id, or change or "
            "move that charger"
        )
    if holder is not None:
        check_unlocked(state, holder)
        raise SerialTaken(
            f"serial {wished.serial} is already {holder.name!r} in this installation; check the "
            "label, or remove that charger first"
        )
    check_currents(wished.name, wished.min_a, wished.max_a)
    return True


# --- To change ---


def _change(command: ChangeCharger, state: Installation) -> tuple[ChargerChanged, ...]:
    charger = existing_charger(state, command.charger_id)
    check_unlocked(state, charger)
    if command.without_breaker and command.breaker_a is not None:
        raise BreakerGivenAndTaken(
            f"{charger.name!r} cannot have a breaker of {command.breaker_a:g} A and none; give "
            "one of the two"
        )
    left_out = {"command_id", "installation_id", "charger_id", "without_breaker"}
    given = command.model_dump(exclude=left_out, exclude_none=True)
    if command.without_breaker:
        given["breaker_a"] = None
    wished = charger._replace(**given)
    if wished == charger:
        return ()
    check_currents(wished.name, wished.min_a, wished.max_a)
    fail_safes.check_offerable(wished, fail_safes.due_a(wished))
    return (
        ChargerChanged(
            installation_id=command.installation_id,
            charger_id=command.charger_id,
            name=wished.name,
            wiring=wished.wiring,
            max_a=wished.max_a,
            min_a=wished.min_a,
            breaker_a=wished.breaker_a,
            phase_switching=wished.phase_switching,
        ),
    )


def _set_priority(command: SetPriority, state: Installation) -> tuple[PrioritySet, ...]:
    charger = existing_charger(state, command.charger_id)
    check_unlocked(state, charger)
    if charger.priority == command.priority:
        return ()
    return (facts.priority_set(command.installation_id, command.charger_id, command.priority),)


def _set_fail_safe(command: SetFailSafe, state: Installation) -> tuple[FailSafeSet, ...]:
    charger_id, wished_a = command.charger_id, command.fail_safe_a
    charger = existing_charger(state, charger_id)
    check_unlocked(state, charger)
    if wished_a is None:
        return _withdraw_fail_safe(command, charger, state)
    if wished_a == charger.wished_a == charger.fail_safe_a:
        return ()
    fail_safes.check_offerable(charger, wished_a)
    fail_safes.check_room(state, charger_id, wished_a)
    return (
        fail_safes.fail_safe_set(command.installation_id, charger_id, wished_a, wished=True),
    )


def check_to_come(command: SetChargingWish, now: datetime) -> None:
    """Have a car depart later than now."""
    if command.departure_at is not None and command.departure_at <= now:
        raise DepartureHasPassed(
            f"{command.departure_at.isoformat()} has passed; give a departure that is to come"
        )


def _set_charging_wish(
    command: SetChargingWish, state: Installation
) -> tuple[ChargingWishSet, ...]:
    charger = existing_charger(state, command.charger_id)
    check_unlocked(state, charger)
    departure_at, energy_wh = command.departure_at, command.energy_wh
    if (departure_at is None) != (energy_wh is None):
        raise WishIncomplete(
            "a wish has a departure and an energy: give both, or neither for no wish"
        )
    if charger.wish == wish_of(departure_at, energy_wh):
        return ()
    return (
        ChargingWishSet(
            installation_id=command.installation_id,
            charger_id=command.charger_id,
            departure_at=departure_at,
            energy_wh=energy_wh,
        ),
    )


def _withdraw_fail_safe(
    command: SetFailSafe, charger: Charger, state: Installation
) -> tuple[FailSafeSet, ...]:
    if charger.wished_a is None:
        return ()
    without = {**state.chargers, command.charger_id: charger._replace(wished_a=None)}
    share_a = fail_safes.shared_out(replace(state, chargers=without))[command.charger_id]
    return (
        fail_safes.fail_safe_set(
            command.installation_id, command.charger_id, share_a, wished=False
        ),
    )


# --- To remove ---


def _remove(command: RemoveCharger, state: Installation) -> tuple[ChargerRemoved, ...]:
    if command.charger_id in state.gone and state.gone[command.charger_id] is None:
        return ()
    charger = existing_charger(state, command.charger_id)
    check_unlocked(state, charger)
    return (facts.removed(command.installation_id, command.charger_id, charger),)
