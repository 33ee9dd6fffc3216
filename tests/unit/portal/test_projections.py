"""What every event of chargers and of the balancer does to the documents."""

from functools import reduce

from services.portal.documents import Condition, Limiting, Share
from services.portal.projections import (
    ConditionEvent,
    fold_condition,
    fold_ignored,
    fold_lease,
    fold_obeyed,
    fold_queued,
    fold_share,
)
from shared.messages.balancer import (
    ChargerQueued,
    CurrentLimitAllocated,
    Lease,
    LimitedBy,
    LimitIgnored,
    Rule,
)
from shared.messages.holding import FailSafeNotInForce, Holds, LimitsShown, LimitWayChosen
from shared.messages.telemetry import (
    ChargerConnected,
    ChargerDisconnected,
    ChargerStatusChanged,
    CurrentLimitApplied,
    CurrentLimitRejected,
    FailSafeApplied,
    FaultReported,
    SessionEnded,
    SessionStarted,
)
from shared.phases import PHASES, Phase
from tests.unit.portal.facts import AT, BREAKER_L1, GARAGE, NO_CAR, QUEUE, at

IN_GARAGE = {"installation_id": GARAGE}
BAY_1 = {**IN_GARAGE, "charger_id": "bay-1"}

connected = ChargerConnected(
    remote="10.0.0.1", **BAY_1, serial="ZAP000001", vendor="Zaptec", model="Pro", gateway_id="g"
)
disconnected = ChargerDisconnected(**BAY_1, gateway_id="g", reason="ping timeout")
started = SessionStarted(
    **BAY_1, session_id="s-1", transaction_id=1, started_at=at(-86_400), register_wh=1000
)


def ended(session_id: str) -> SessionEnded:
    return SessionEnded(
        **BAY_1,
        session_id=session_id,
        transaction_id=1,
        ended_at=AT,
        register_wh=2000,
        energy_wh=1000,
        reason="Local",
    )


def status(status: str, error_code: str = "NoError") -> ChargerStatusChanged:
    return ChargerStatusChanged(**BAY_1, status=status, error_code=error_code, reported_at=AT)


def applied(limit_a: float, sequence: int) -> CurrentLimitApplied:
    return CurrentLimitApplied(
        **BAY_1,
        limit_a=limit_a,
        valid_until=at(90),
        sequence=sequence,
        epoch=1,
        applied_at=AT,
    )


def allocated(limit_a: float, limited_by: LimitedBy) -> CurrentLimitAllocated:
    return CurrentLimitAllocated(
        **BAY_1,
        limit_a=limit_a,
        phases=(Phase.L1,),
        valid_until=at(90),
        sequence=1,
        epoch=1,
        limited_by=limited_by,
    )


def condition_after(*events: ConditionEvent) -> Condition:
    return reduce(lambda before, event: fold_condition(before, event, AT), events, Condition())


# --- Condition ---


def test_a_charger_is_online_from_its_connection_to_its_disconnection() -> None:
    assert condition_after(connected).online
    assert condition_after(connected).model == "Pro"
    assert not condition_after(connected, disconnected).online
    assert condition_after(connected, disconnected).since == AT


def test_a_session_counts_from_when_it_was_heard_of_not_from_the_chargers_clock() -> None:
    session = condition_after(connected, started).session

    assert session is not None
    assert session.heard_at == AT


def test_a_session_ends_with_its_own_end_only() -> None:
    assert condition_after(started, ended("s-0")).session is not None
    assert condition_after(started, ended("s-1")).session is None


def test_a_fault_lasts_until_the_charger_says_that_there_is_none() -> None:
    reported = FaultReported(
        **BAY_1, error_code="GroundFailure", info="RCD tripped", reported_at=AT
    )

    faulty = condition_after(status("Faulted", "GroundFailure"), reported)
    assert faulty.fault is not None
    assert faulty.fault.info == "RCD tripped"
    still = fold_condition(faulty, status("Faulted", "GroundFailure"), at(9))
    assert still.fault == faulty.fault
    assert fold_condition(faulty, status("Available"), at(9)).fault is None


def test_a_rejected_limit_is_forgotten_when_a_later_one_is_confirmed() -> None:
    rejected = CurrentLimitRejected(
        **BAY_1, limit_a=16.0, sequence=2, epoch=1, status="Rejected"
    )

    refusing = condition_after(applied(12.0, 1), rejected)
    assert refusing.rejected is not None
    assert refusing.applied is not None
    assert refusing.applied.limit_a == 12.0
    assert fold_condition(refusing, applied(16.0, 3), AT).rejected is None


def test_the_confirmed_fail_safe_is_kept() -> None:
    assert condition_after(FailSafeApplied(**BAY_1, fail_safe_a=0.0)).fail_safe_a == 0.0


def test_another_charger_under_the_same_id_begins_anew() -> None:
    another = connected.model_copy(update={"serial": "ZAP000002"})
    fail_safe = FailSafeApplied(**BAY_1, fail_safe_a=6.0)

    after = condition_after(connected, started, disconnected, fail_safe, another)

    assert (after.serial, after.online, after.session) == ("ZAP000002", True, None)
    assert after.fail_safe_a == 6.0  # this one it has confirmed itself
    again = condition_after(connected, started, disconnected, connected)
    assert again.session is not None


# --- Share ---


def queued(share: Share | None) -> Share:
    return fold_queued(share, ChargerQueued(**BAY_1, waiting_since=at(-60), limited_by=QUEUE))


def test_a_car_waits_from_when_it_was_queued_until_it_is_given_something() -> None:
    stopped = fold_share(None, allocated(0.0, QUEUE))
    waiting = queued(stopped)
    assert waiting.waiting_since == at(-60)
    assert fold_share(waiting, allocated(0.0, QUEUE)).waiting_since == at(-60)
    assert fold_share(waiting, allocated(6.0, BREAKER_L1)).waiting_since is None
    assert fold_share(waiting, allocated(0.0, NO_CAR)).waiting_since is None


def test_a_car_may_wait_before_anything_was_decided_for_it() -> None:
    assert queued(None).limit_a is None
    assert queued(None).limited_by == QUEUE


def test_a_renewed_lease_keeps_the_reason() -> None:
    share = fold_share(None, allocated(12.0, BREAKER_L1))
    lease = Lease(
        charger_id="bay-1", limit_a=12.0, phases=PHASES, valid_until=at(180), sequence=2
    )

    renewed = fold_lease(share, lease)

    assert renewed.valid_until == at(180)
    assert renewed.limited_by == BREAKER_L1


def test_a_car_that_ignored_its_limit_is_known_for_it_until_it_obeys() -> None:
    ignored = LimitIgnored(**BAY_1, limit_a=10.0, measured_a=15.8)
    disobeys = LimitedBy(rule=Rule.DISOBEYS)

    known = fold_ignored(fold_share(None, allocated(10.0, BREAKER_L1)), ignored)
    assert known.ignored_a == 15.8
    assert fold_share(known, allocated(6.0, disobeys)).ignored_a == 15.8
    assert fold_share(known, allocated(12.0, BREAKER_L1)).ignored_a is None
    assert fold_ignored(None, ignored).limited_by == disobeys
    assert fold_obeyed(fold_ignored(None, ignored)).ignored_a is None


def test_a_share_knows_which_decision_it_was_also_when_its_lease_goes_on() -> None:
    share = fold_share(None, allocated(12.0, BREAKER_L1), position=4711, decided_at=at(-30))
    lease = Lease(
        charger_id="bay-1", limit_a=12.0, phases=share.phases, valid_until=at(600), sequence=9
    )

    for told in (share, fold_lease(share, lease)):
        assert (told.position, told.decided_at) == (4711, at(-30))
    assert fold_share(share, allocated(6.0, BREAKER_L1)).position is None


def test_what_a_charger_can_hold_and_shows_is_remembered() -> None:
    chosen = LimitWayChosen(
        **BAY_1, serial="ZAP000001", holds=Holds.SCHEDULED, reason="no levels"
    )
    doubted = FailSafeNotInForce(**BAY_1, fail_safe_a=6.0, shown_a=32.0)

    known = fold_condition(fold_condition(None, chosen, at(0)), doubted, at(1))
    again = fold_condition(known, LimitsShown(**BAY_1), at(2))

    assert known.limiting is not None
    assert (known.limiting.holds, known.limiting.fail_safe_shown_a) == (Holds.SCHEDULED, 32.0)
    assert again.limiting == Limiting(holds=Holds.SCHEDULED, reason="no levels")
