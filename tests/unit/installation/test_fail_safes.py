"""What chargers fall back to when their connection is lost: together it always fits."""

import pytest

from services.installation.decider import installation
from services.installation.refusals import FailSafeDoesNotFit, FailSafeNotOfferable
from shared.messages.installation import CircuitChanged, CircuitReactivated
from shared.messages.installation_commands import (
    ChangeCircuit,
    DeactivateCircuit,
    ReactivateCircuit,
    SetFailSafe,
)
from tests.support.scenario import given
from tests.unit.installation.facts import (
    added,
    assign,
    assigned,
    charger,
    created,
    deactivated,
    fact,
    fail_safe,
    locked,
    unlocked,
    wish,
)


def set_to(fail_safe_a: float | None, number: int = 1) -> SetFailSafe:
    return wish(SetFailSafe, charger_id=f"bay-{number}", fail_safe_a=fail_safe_a)


# --- Shared out ---


def test_fail_safes_take_at_most_half_of_a_breaker() -> None:
    given(installation, created(), added(breaker_a=36)).when(
        assign(*(charger(it) for it in range(1, 5)))
    ).then(assigned(1, 6.0), assigned(2, 6.0), assigned(3, 6.0), assigned(4, 0.0))


def test_fail_safes_go_by_the_set_value_not_by_the_rating() -> None:
    given(installation, created(), added(breaker_a=36, set_a=12)).when(
        assign(charger(1), charger(2))
    ).then(assigned(1, 6.0), assigned(2, 0.0))


def test_fail_safes_fit_every_breaker_above_together() -> None:
    circuits = (added("level-1", 32.0), added("level-2", 32.0))
    history = (created(breaker_a=32.0), *circuits, assigned(1), assigned(2))
    given(installation, *history).when(assign(charger(3), circuit_id="level-2")).then(
        assigned(3, 0.0, "level-2")
    )


def test_a_breaker_that_feeds_nobody_else_does_not_matter() -> None:
    circuits = (added("level-1", 12.0), added("level-2", 32.0))
    given(installation, created(), *circuits, assigned(1)).when(
        assign(charger(2), circuit_id="level-2")
    ).then(assigned(2, 6.0, "level-2"))


def test_a_charger_with_a_place_of_its_own_does_not_lift_the_others() -> None:
    """In the order of assignment: who comes later takes from nobody."""
    history = (created(), added(breaker_a=24), assigned(1), assigned(2))
    given(installation, *history).when(assign(charger(3))).then(assigned(3, 0.0))


# --- Wished for ---


def test_a_fail_safe_is_wished_for() -> None:
    history = (created(), added(), assigned(1))
    given(installation, *history).when(set_to(16)).then(fail_safe(1, 16, wished=True))
    given(installation, *history).when(set_to(0)).then(fail_safe(1, 0, wished=True))
    given(installation, *history).when(set_to(6)).then(fail_safe(1, 6, wished=True))


def test_without_a_wish_there_is_none_to_withdraw() -> None:
    given(installation, created(), added(), assigned(1)).when(
        set_to(None)
    ).then_nothing_happened()


@pytest.mark.parametrize("wished_a", [0, 6, 16])
def test_a_wish_is_withdrawn(wished_a: float) -> None:
    history = (created(), added(), assigned(1), fail_safe(1, wished_a, wished=True))
    given(installation, *history).when(set_to(None)).then(fail_safe(1, 6))


def test_a_wish_is_withdrawn_where_nothing_else_fits() -> None:
    """The charger before it has taken the room meanwhile."""
    history = (created(), added(breaker_a=12), assigned(1), assigned(2, 0.0))
    wished = (fail_safe(2, 0, wished=True),)
    given(installation, *history, *wished).when(set_to(None, 2)).then(fail_safe(2, 0))


@pytest.mark.parametrize("wished_a", [0.5, 5.9, 6.05, 10.01])
def test_what_no_car_can_be_offered_is_refused(wished_a: float) -> None:
    given(installation, created(), added(), assigned(1)).when(set_to(wished_a)).then_refused(
        FailSafeNotOfferable, "0 A", "at least 6 A"
    )


def test_a_fail_safe_above_what_the_charger_offers_is_refused() -> None:
    history = (created(), added(), assigned(1, max_a=16.0), assigned(2, breaker_a=10.0))
    given(installation, *history).when(set_to(16.1)).then_refused(
        FailSafeDoesNotFit, "at most 16 A"
    )
    given(installation, *history).when(set_to(16, 2)).then_refused(
        FailSafeDoesNotFit, "'Bay 2'", "at most 10 A"
    )


def test_a_fail_safe_that_does_not_fit_is_refused_saying_what_would() -> None:
    history = (created(), added(breaker_a=40), assigned(1), assigned(2))
    given(installation, *history).when(set_to(14.1)).then_refused(
        FailSafeDoesNotFit,
        "'Bay 1'",
        "circuit 'level-1'",
        "20 A of the 40 A",
        "wish for at most 14 A",
    )
    given(installation, *history).when(set_to(14)).then(fail_safe(1, 14, wished=True))


def test_the_narrowest_of_all_breakers_above_decides() -> None:
    history = (created(breaker_a=32), added(breaker_a=32), added("level-2", 32), assigned(1))
    given(installation, *history, assigned(2, circuit_id="level-2")).when(
        set_to(11)
    ).then_refused(FailSafeDoesNotFit, "the main breaker of 'Harbour garage'", "at most 10 A")


def test_a_wish_takes_nothing_from_others() -> None:
    history = (created(), added(breaker_a=24), assigned(1), assigned(2), assigned(3, 0.0))
    given(installation, *history).when(set_to(7)).then_refused(
        FailSafeDoesNotFit, "wish for at most 6 A"
    )
    given(installation, *history).when(set_to(6, 3)).then_refused(
        FailSafeDoesNotFit, "wish for at most 0 A", "lower another one's"
    )


def test_a_lower_wish_makes_room_for_others() -> None:
    history = (created(), added(breaker_a=24), assigned(1), assigned(2), assigned(3, 0.0))
    given(installation, *history).when(set_to(0)).then(
        fail_safe(1, 0, wished=True), fail_safe(3, 6)
    )


# --- A wish that cannot be in force ---


def test_a_wish_waits_while_it_does_not_fit() -> None:
    lower = fact(CircuitChanged, circuit_id="level-1", name="level-1", breaker_a=63, set_a=32)
    higher = lower.model_copy(update={"set_a": 63.0})
    history = (created(), added(), assigned(1), fail_safe(1, 20, wished=True))
    given(installation, *history).when(
        wish(ChangeCircuit, circuit_id="level-1", set_a=32)
    ).then(lower, fail_safe(1, 0))
    given(installation, *history, lower, fail_safe(1, 0)).when(
        wish(ChangeCircuit, circuit_id="level-1", set_a=63)
    ).then(higher, fail_safe(1, 20, wished=True))


def test_a_wish_that_waits_is_refused_again_while_it_does_not_fit() -> None:
    history = (created(), added(breaker_a=12), assigned(1), fail_safe(1, 0))
    waiting = (fail_safe(1, 10, wished=True), fail_safe(1, 0))
    given(installation, *history, *waiting).when(set_to(10)).then_refused(
        FailSafeDoesNotFit, "at most 6 A"
    )


def test_a_wish_that_waits_is_withdrawn() -> None:
    history = (created(), added(breaker_a=12), assigned(1), assigned(2, 0.0))
    waiting = (fail_safe(2, 10, wished=True), fail_safe(2, 0))
    given(installation, *history, *waiting).when(set_to(None, 2)).then(fail_safe(2, 0))


def test_a_wish_comes_back_with_its_circuit() -> None:
    history = (created(), added(), assigned(1), assigned(2), assigned(3))
    wishes = (fail_safe(1, 10, wished=True), fail_safe(2, 0, wished=True))
    down = (*(locked(it) for it in (1, 2, 3)), deactivated())
    given(installation, *history, *wishes).when(
        wish(DeactivateCircuit, circuit_id="level-1", lock_serials=True)
    ).then(*down, fail_safe(1, 0), fail_safe(3, 0))
    reason = "circuit level-1 was reactivated"
    given(installation, *history, *wishes, *down, fail_safe(1, 0), fail_safe(3, 0)).when(
        wish(ReactivateCircuit, circuit_id="level-1")
    ).then(
        fact(CircuitReactivated, circuit_id="level-1"),
        *(unlocked(it, reason) for it in (1, 2, 3)),
        fail_safe(1, 10, wished=True),
        fail_safe(3, 6),
    )
