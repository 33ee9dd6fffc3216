"""What stands at a moment is a function of what was heard, and of the time."""

import pytest

from services.notifications.folds import fold_balance, fold_condition, fold_site
from services.notifications.known import Balance, Condition
from services.notifications.near_limit import Watched
from services.notifications.standing import Facts, Undelivered, standing
from shared.messages import Note
from shared.messages.balancer import (
    MAIN,
    BreakerLoad,
    CurrentLimitAllocated,
    LimitedBy,
    LimitIgnored,
    LimitObeyed,
    LoadBasis,
    OverloadDetected,
    Rule,
    SiteBalance,
    UnmanagedLoadCounted,
)
from shared.messages.installation import SerialLocked, SerialUnlocked
from shared.messages.notifications import WarningKind
from shared.messages.telemetry import (
    ChargerConnected,
    ChargerDisconnected,
    ChargerStatusChanged,
    FaultReported,
)
from shared.messages.upkeep import SecurityEventReported
from shared.phases import Phase
from tests.unit.notifications.facts import BAY, GARAGE, SERIAL, T0, at, facts, site

PLACE = {"installation_id": GARAGE, "charger_id": BAY}


def connected(serial: str = SERIAL) -> ChargerConnected:
    return ChargerConnected(
        **PLACE, serial=serial, vendor="v", model="m", gateway_id="g", remote=""
    )


def gone() -> ChargerDisconnected:
    return ChargerDisconnected(**PLACE, gateway_id="g", reason="it said nothing")


def kinds(known: Facts, seconds: float) -> set[WarningKind]:
    return {kind for kind, _ in standing(known, at(seconds)).stands}


def heard(*events: object) -> Facts:
    condition: Condition | None = None
    for event in events:
        condition = fold_condition(condition, event, T0)  # type: ignore[arg-type]
    return facts(conditions={BAY: condition})


def balanced(*told: tuple[float, object]) -> Facts:
    balance: Balance | None = None
    for seconds, event in told:
        balance = fold_balance(balance, event, at(seconds))  # type: ignore[arg-type]
    return facts(balance=balance)


# --- Chargers ---


def test_a_charger_that_blinks_is_not_warned_of() -> None:
    assert kinds(heard(connected(), gone()), 299) == set()


def test_a_charger_that_stays_away_is() -> None:
    assert kinds(heard(connected(), gone()), 300) == {WarningKind.CHARGER_OFFLINE}


def test_a_charger_that_is_back_is_not() -> None:
    assert kinds(heard(connected(), gone(), connected()), 900) == set()


def test_a_charger_that_was_never_there_is_not_offline() -> None:
    assert kinds(facts(), 100_000) == set()


def test_a_fault_stands_until_the_charger_says_that_there_is_none() -> None:
    fault = FaultReported(**PLACE, error_code="GroundFailure", info="L2", reported_at=T0)
    well = ChargerStatusChanged(
        **PLACE, status="Available", error_code="NoError", reported_at=T0
    )

    (found,) = standing(heard(connected(), fault), at(0)).stands.values()

    assert found.said == "GroundFailure (L2)"
    assert kinds(heard(connected(), fault, connected()), 0) == {WarningKind.FAULT}
    assert kinds(heard(connected(), fault, well), 0) == set()


def security(kind: str = "TamperDetectionActivated", *, alarming: bool = True) -> object:
    return SecurityEventReported(
        **PLACE, kind=kind, alarming=alarming, reported_at=T0, info="cover opened"
    )


def test_an_alarm_stands_for_a_day_and_outlives_a_restart_of_the_charger() -> None:
    known = heard(connected(), security(), connected())

    (found,) = standing(known, at(0)).stands.values()

    assert (found.kind, found.about) == (
        WarningKind.SECURITY,
        f"{BAY}:TamperDetectionActivated",
    )
    assert found.said == "TamperDetectionActivated (cover opened)"
    assert kinds(known, 86_399) == {WarningKind.SECURITY}
    assert kinds(known, 86_400) == set()


def test_what_happens_to_chargers_every_day_alarms_nobody() -> None:
    restarted = security("StartupOfTheDevice", alarming=False)

    assert kinds(heard(connected(), restarted), 0) == set()
    assert kinds(heard(connected(), security(), connected("OTHER0001")), 0) == set()


def test_only_so_many_kinds_of_alarms_are_kept() -> None:
    known = heard(connected(), *(security(f"Kind{it}") for it in range(30)))

    assert len(standing(known, at(0)).stands) == 20


def test_what_another_charger_said_under_the_same_id_is_not_told_of_this_one() -> None:
    assert kinds(heard(connected("OTHER0001"), gone()), 900) == set()


def test_a_locked_charger_is_warned_of_as_that_only() -> None:
    known = heard(connected(), gone())
    locked = Facts(site(locked=True), known.conditions, notes=())

    assert kinds(locked, 900) == {WarningKind.SERIAL_LOCKED}


def test_a_lock_is_folded_from_the_layout_until_it_is_lifted() -> None:
    lock = SerialLocked(**PLACE, serial=SERIAL, circuit_id=None)
    lifted = SerialUnlocked(**PLACE, serial=SERIAL, reason="it was dried")
    after = fold_site(site(), lock, T0)

    assert after.chargers[BAY].locked_since == T0
    assert fold_site(after, lifted, at(5)).chargers[BAY].locked_since is None


def test_nothing_is_warned_of_where_nobody_charges_any_more() -> None:
    known = heard(connected(), gone())

    assert kinds(Facts(site(active=False), known.conditions, notes=()), 900) == set()


# --- Balance ---


def overload() -> OverloadDetected:
    return OverloadDetected(
        installation_id=GARAGE, circuit_id="level-2", phase=Phase.L2, measured_a=40, set_a=32
    )


def test_an_overload_lasts_for_ten_minutes_after_it_was_said_last() -> None:
    known = balanced((0, overload()), (60, overload()))

    (found,) = standing(known, at(600)).stands.values()

    assert (found.kind, found.about, found.called) == (
        WarningKind.OVERLOAD,
        "level-2:L2",
        "Level 2",
    )
    assert found.since == T0
    assert kinds(known, 660) == set()


def test_an_overload_that_comes_back_later_is_another_one() -> None:
    (found,) = standing(balanced((0, overload()), (700, overload())), at(700)).stands.values()

    assert found.since == at(700)


def allocated(rule: Rule) -> CurrentLimitAllocated:
    return CurrentLimitAllocated(
        **PLACE,
        limit_a=6,
        phases=(Phase.L1,),
        valid_until=T0,
        sequence=1,
        epoch=1,
        limited_by=LimitedBy(rule=rule),
    )


def test_a_charger_that_draws_too_much_has_to_obey_for_a_while() -> None:
    ignored = LimitIgnored(**PLACE, limit_a=6, measured_a=16)
    known = balanced(
        (0, ignored), (1, allocated(Rule.DISOBEYS)), (100, allocated(Rule.BREAKER))
    )

    assert kinds(known, 399) == {WarningKind.LIMIT_IGNORED}
    assert kinds(known, 400) == set()


def test_one_that_begins_again_within_the_session_is_warned_of_by_the_reason_of_its_limit() -> (
    None
):
    ignored = LimitIgnored(**PLACE, limit_a=6, measured_a=16)
    known = balanced(
        (0, ignored), (100, allocated(Rule.BREAKER)), (500, allocated(Rule.DISOBEYS))
    )

    assert kinds(known, 2000) == {WarningKind.LIMIT_IGNORED}


def test_one_that_is_said_to_obey_has_to_do_so_for_a_while() -> None:
    known = balanced(
        (0, LimitIgnored(**PLACE, limit_a=6, measured_a=16)), (100, LimitObeyed(**PLACE))
    )

    assert kinds(known, 399) == {WarningKind.LIMIT_IGNORED}
    assert kinds(known, 400) == set()


def counted(basis: LoadBasis) -> UnmanagedLoadCounted:
    return UnmanagedLoadCounted(
        installation_id=GARAGE, circuit_id=MAIN, load_a=(20, 20, 20), basis=basis
    )


def test_a_meter_is_silent_once_it_has_been_so_for_a_minute() -> None:
    known = balanced((0, counted(LoadBasis.SILENT)), (30, counted(LoadBasis.SILENT)))

    assert kinds(known, 59) == set()
    assert kinds(known, 60) == {WarningKind.METER_SILENT}
    back = balanced((0, counted(LoadBasis.SILENT)), (70, counted(LoadBasis.MEASURED)))
    assert kinds(back, 900) == set()


# --- Near the limit ---


def watched(until_s: int, current_a: float, watch: Watched, from_s: int = 0) -> Watched:
    for second in range(from_s, until_s + 1, 10):
        load = BreakerLoad(
            circuit_id=MAIN, set_a=63, measured_a=(current_a, 1, 1), committed_a=(63, 63, 63)
        )
        balance = SiteBalance(
            installation_id=GARAGE, measured_at=at(second), decisions=1, breakers=(load,)
        )
        watch.hear(balance, site(), at(second))
    return watch


def near(watch: Watched, seconds: float) -> set[WarningKind]:
    return kinds(facts(lines=watch.lines[GARAGE]), seconds)


def test_a_breaker_is_near_its_limit_after_three_minutes_at_nine_tenths_of_its_rating() -> None:
    assert near(watched(170, 57.0, Watched()), 170) == set()
    assert near(watched(180, 57.0, Watched()), 180) == {WarningKind.NEAR_LIMIT}
    assert near(watched(600, 56.0, Watched()), 600) == set()


def test_it_is_so_no_more_after_five_minutes_well_below() -> None:
    watch = watched(180, 57.0, Watched())
    key = (WarningKind.NEAR_LIMIT, f"{MAIN}:L1")
    watched(480, 50.0, watch, from_s=190)

    assert not standing(facts(lines=watch.lines[GARAGE]), at(480)).is_over(key)
    watched(490, 50.0, watch, from_s=490)
    assert standing(facts(lines=watch.lines[GARAGE]), at(490)).is_over(key)


def test_between_both_it_stays_what_it_was() -> None:
    watch = watched(180, 57.0, Watched())
    watched(2000, 55.0, watch, from_s=190)

    assert near(watch, 2000) == {WarningKind.NEAR_LIMIT}


def test_after_a_restart_nothing_is_said_of_breakers_until_they_were_watched() -> None:
    key = (WarningKind.NEAR_LIMIT, f"{MAIN}:L1")

    assert not standing(facts(), at(0)).is_over(key)
    fresh = watched(60, 10.0, Watched())
    assert not standing(facts(lines=fresh.lines[GARAGE]), at(60)).is_over(key)


# --- Set-up, deliveries ---


def note(mend: str) -> Note:
    return Note(code="same-first-phase", about=GARAGE, text="all begin with L1", mend=mend)


def test_only_what_can_be_mended_about_the_set_up_is_warned_of() -> None:
    assert kinds(facts(notes=(note(""),)), 0) == set()
    assert kinds(facts(notes=(note("turn the phases"),)), 0) == {WarningKind.SET_UP}


def test_what_may_be_meant_so_warns_nobody() -> None:
    meant = note("give roles").model_copy(update={"code": "drivers-are-asked"})

    assert kinds(facts(notes=(meant,)), 0) == set()


def test_a_set_up_that_was_not_asked_about_is_neither_well_nor_ill() -> None:
    key = (WarningKind.SET_UP, "same-first-phase")

    assert not standing(facts(notes=None), at(0)).is_over(key)
    assert standing(facts(notes=()), at(0)).is_over(key)


@pytest.mark.parametrize("active", [True, False])
def test_what_is_not_delivered_is_warned_of(active: bool) -> None:
    lost = Undelivered("webhook:ops", "https://ops.example.com", "it answered 503", T0, 3)
    known = Facts(site(active=active), undelivered=(lost,), notes=())

    assert kinds(known, 0) == {WarningKind.DELIVERY_FAILED}
