"""What a charger had at a moment, why, and what would be next: told from what the logs hold."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from shared.history.explained import Explained
from shared.history.explaining import as_json, sentences
from shared.history.folding import fold
from shared.history.limits import course_of, in_force
from shared.history.merging import told
from shared.history.timeline import zone_of
from shared.messages import Event
from shared.messages.balancer import (
    MAIN,
    ChargerQueued,
    CurrentLimitAllocated,
    Lease,
    LeasesRenewed,
    LimitedBy,
    Rule,
    RunnerUp,
)
from shared.messages.telemetry import (
    ChargerConnected,
    ChargerDisconnected,
    CurrentLimitApplied,
    CurrentLimitRejected,
    FailSafeApplied,
    MeterReading,
    SessionStarted,
)
from shared.phases import PHASES, Phase, PhaseCurrents
from tests.unit.history.facts import (
    BAY,
    BEGIN,
    GARAGE,
    added,
    assigned,
    balancer,
    connected,
    created,
    deactivated,
    layouts,
    locked,
    telemetry,
)

SHARED = LimitedBy(
    rule=Rule.BREAKER,
    circuit_id="level-2",
    phase=Phase.L2,
    shared_by=4,
    usable_a=32.0,
    runner_up=RunnerUp(
        rule=Rule.BREAKER, circuit_id=MAIN, phase=Phase.L2, usable_a=63.0, limit_a=11.2
    ),
)
NO_CAR = LimitedBy(rule=Rule.NO_CAR)


def at(seconds: float) -> datetime:
    return BEGIN + timedelta(seconds=seconds)


@dataclass
class Story:
    """What was recorded of bay 3, at which second."""

    layout: list[Event] = field(
        default_factory=lambda: [created(breaker_a=63.0), added(), assigned()]
    )
    events: list[tuple[float, str, Event]] = field(default_factory=list)
    sequence: int = 0

    def add(self, second: float, service: str, event: Event) -> "Story":
        self.events.append((second, service, event))
        return self

    def connects(self, second: float) -> "Story":
        event = FailSafeApplied(installation_id=GARAGE, charger_id=BAY, fail_safe_a=6.0)
        self.add(second, "telemetry", event)
        return self.add(second, "telemetry", connected())

    def plugs_in(self, second: float) -> "Story":
        return self.add(
            second,
            "telemetry",
            SessionStarted(
                installation_id=GARAGE,
                charger_id=BAY,
                session_id="s-1",
                transaction_id=1,
                started_at=at(second),
                register_wh=0,
            ),
        )

    def goes_offline(self, second: float) -> "Story":
        event = ChargerDisconnected(
            installation_id=GARAGE, charger_id=BAY, gateway_id="g1", reason="gone"
        )
        return self.add(second, "telemetry", event)

    def told(
        self, second: float, limit_a: float, reason: LimitedBy = SHARED, lease_s: float = 90
    ) -> "Story":
        self.sequence += 1
        event = CurrentLimitAllocated(
            installation_id=GARAGE,
            charger_id=BAY,
            limit_a=limit_a,
            phases=PHASES,
            valid_until=at(second + lease_s),
            sequence=self.sequence,
            epoch=3,
            limited_by=reason,
        )
        return self.add(second, "balancer", event)

    def renewed(self, second: float, limit_a: float, lease_s: float = 90) -> "Story":
        self.sequence += 1
        lease = Lease(
            charger_id=BAY,
            limit_a=limit_a,
            phases=PHASES,
            valid_until=at(second + lease_s),
            sequence=self.sequence,
        )
        event = LeasesRenewed(installation_id=GARAGE, epoch=3, leases=(lease,))
        return self.add(second, "balancer", event)

    def confirmed(self, second: float) -> "Story":
        event = CurrentLimitApplied(
            installation_id=GARAGE,
            charger_id=BAY,
            limit_a=0,
            valid_until=at(second),
            sequence=self.sequence,
            epoch=3,
            applied_at=at(second),
        )
        return self.add(second, "telemetry", event)

    def at(self, second: float, reading: MeterReading | None = None) -> Explained:
        logs = {"telemetry": telemetry(), "balancer": balancer()}
        recorded = []
        for when, service, event in self.events:
            log = logs[service]
            log.at = at(when)
            recorded += [told(service, it) for it in log.act(event, minutes=0)]
        layout_log = layouts()
        layout = [told("installation", it) for it in layout_log.act(*self.layout)]
        state = fold(GARAGE, [it.event for it in (*layout, *recorded) if it.event is not None])
        holds = in_force(course_of(GARAGE, BAY, recorded), at(second))
        return Explained(state, BAY, at(second), zone_of(state), holds, reading)


def drew(current_a: PhaseCurrents, second: float) -> MeterReading:
    return MeterReading(
        installation_id=GARAGE,
        charger_id=BAY,
        measured_at=at(second),
        received_at=at(second),
        current_a=current_a,
    )


def charging() -> Story:
    """12 A at first, then a fourth car came."""
    three = SHARED.model_copy(update={"shared_by": 3, "runner_up": None})
    story = Story().connects(0).plugs_in(10)
    return story.told(20, 10.6, three).confirmed(21).told(200, 8.0).confirmed(201)


def test_a_limit_in_force_is_explained_from_breaker_to_reading() -> None:
    explained = charging().at(230, drew((7.9, 7.8, 7.7), 229))

    assert sentences(explained) == [
        "Bay 3 (ZAP000123) may draw 8.0 A on L1, L2, L3 since 14:03:21.",
        "Circuit Level 2 (32 A) is fully shared out on L2 among 4 cars, each has its fair share.",
        "If circuit Level 2 carried more, the main breaker (63 A) on L2 would be next, at 11.2 A.",
        (
            "The charger has confirmed it until 14:04:50, then its fail-safe of 6.0 A counts, unless "
            "the limit is extended (position 2 of the balancer's log, epoch 3)."
        ),
        "Before that it had 10.6 A on L1, L2, L3, when 3 cars shared circuit Level 2 on L2.",
        "Its car draws L1 7.9, L2 7.8, L3 7.7 A, read at 14:03:49.",
    ]


def test_an_extended_lease_keeps_reason_beginning_and_decision() -> None:
    explained = charging().renewed(260, 8.0).confirmed(261).at(340)

    assert explained.holds.since == at(201)
    assert explained.holds.until == at(350)
    assert explained.holds.decided is not None
    assert (explained.holds.decided.position, explained.reason) == (2, SHARED)


def test_another_reason_for_the_same_amperes_begins_no_other_limit() -> None:
    explained = charging().told(250, 8.0, NO_CAR).confirmed(251).at(260)

    assert explained.holds.since == at(201)
    assert explained.reason == NO_CAR


def test_what_was_decided_last_is_told_while_it_is_not_confirmed() -> None:
    explained = charging().told(230, 6.5).at(232)

    said = sentences(explained)

    assert said[0] == "Bay 3 (ZAP000123) may draw 8.0 A on L1, L2, L3 since 14:03:21."
    assert said[1] == "6.5 A are decided since 14:03:50, but that is not confirmed yet."
    assert explained.limit_a == 8.0


def test_a_limit_that_its_charger_did_not_take_is_told() -> None:
    story = charging().told(230, 6.5)
    refusal = CurrentLimitRejected(
        installation_id=GARAGE,
        charger_id=BAY,
        limit_a=6.5,
        sequence=story.sequence,
        epoch=3,
        status="Rejected",
    )

    said = sentences(story.add(231, "telemetry", refusal).at(232))

    assert said[1] == "6.5 A are decided since 14:03:50, but its charger did not take that."


def test_after_its_lease_a_charger_is_on_its_fail_safe() -> None:
    explained = charging().goes_offline(210).at(400)

    assert sentences(explained)[:2] == [
        (
            "Bay 3 (ZAP000123) is on its fail-safe and may draw 6.0 A on L1, L2, L3 since 14:04:50: "
            "its limit of 8.0 A ended then and was not extended."
        ),
        "It is offline since 14:03:30, so no other limit reaches it.",
    ]
    assert as_json(explained)["holds"] == "fail-safe"


def test_an_offline_charger_keeps_its_limit_until_its_lease_ends() -> None:
    said = sentences(charging().goes_offline(210).at(230))

    assert said[0] == "Bay 3 (ZAP000123) may draw 8.0 A on L1, L2, L3 since 14:03:21."
    assert said[1] == "It is offline since 14:03:30, so no other limit reaches it."


def test_a_limit_that_ended_because_the_fail_safe_gives_the_same_keeps_its_reason() -> None:
    explained = Story().connects(0).told(20, 6.0, NO_CAR).confirmed(21).at(600)

    assert explained.holds.decided is None
    assert sentences(explained)[1] == "No car is there."


def test_a_charger_that_never_connected_gives_nothing() -> None:
    assert sentences(Story().told(5, 0.0, NO_CAR).at(10))[0] == (
        "Bay 3 (ZAP000123) has never connected, so it gives nothing; the breakers keep 6.0 A for "
        "it, its fail-safe."
    )
    assert len(sentences(Story().at(10))) == 1


def test_a_charger_without_any_limit_is_on_its_fail_safe() -> None:
    assert sentences(Story().connects(0).at(10)) == [
        (
            "Bay 3 (ZAP000123) is on its fail-safe and may draw 6.0 A on L1, L2, L3: it has confirmed "
            "no limit yet."
        )
    ]


def test_a_locked_charger_is_told_as_locked_whatever_was_decided() -> None:
    story = charging()
    story.layout += [locked(), deactivated()]

    said = sentences(story.at(230))

    assert said[1] == "It is locked, because circuit Level 2 was deactivated."


def test_a_charger_on_a_circuit_out_of_use_is_told_so() -> None:
    story = charging()
    story.layout += [deactivated()]

    assert sentences(story.at(230))[1] == "Circuit Level 2 is deactivated."


def test_a_car_that_has_finished_is_told_apart_from_no_car() -> None:
    finished = Story().connects(0).plugs_in(5).told(20, 0.0, NO_CAR).confirmed(21)
    empty = Story().connects(0).told(20, 0.0, NO_CAR).confirmed(21)

    assert sentences(finished.at(30))[1] == "The car asks for nothing: it is full, or sleeps."
    assert sentences(empty.at(30))[1] == "No car is there."


def test_who_waits_is_told_its_place_at_that_moment_and_when_its_turn_is_expected() -> None:
    queue = LimitedBy(
        rule=Rule.QUEUE, circuit_id="level-2", phase=Phase.L2, place=2, turn_at=at(900)
    )
    story = Story().connects(0).plugs_in(5)
    story.layout += [assigned("ZAP000124", "bay-4")]
    for second, charger_id in ((6, "bay-4"), (7, BAY)):
        event = ChargerQueued(
            installation_id=GARAGE,
            charger_id=charger_id,
            waiting_since=at(second),
            limited_by=queue,
        )
        story.add(second, "balancer", event)

    explained = story.told(20, 0.0, queue).confirmed(21).at(30)

    assert sentences(explained)[:2] == [
        "Bay 3 (ZAP000123) may draw nothing since 14:00:21.",
        (
            "Its car is waiting since 14:00:07, place 2 in the queue, its turn is expected at 14:15:00: "
            "not everybody can have 6 A now on L2 of circuit Level 2."
        ),
    ]


def test_a_car_whose_turn_it_is_while_others_make_room_is_told_what_it_gets_then() -> None:
    first = SHARED.model_copy(update={"rule": Rule.DECREASE_FIRST})

    said = sentences(Story().connects(0).plugs_in(5).told(20, 7.0, first).confirmed(21).at(30))

    assert said[1:3] == [
        "Others must first confirm that they have made room.",
        "Once they have, it may draw 11.2 A, limited by the main breaker (63 A) on L2.",
    ]


def test_a_reason_of_before_is_told_when_it_was_another_one() -> None:
    story = Story().connects(0).plugs_in(5)
    story.told(20, 16.0, LimitedBy(rule=Rule.CAR)).confirmed(21).told(60, 8.0).confirmed(61)

    assert (
        "Before that it had 16.0 A on L1, L2, L3; the reason then: the car takes no more than "
        "16.0 A; the rest is lent to others." in sentences(story.at(70))
    )


def test_other_hardware_under_the_same_id_has_confirmed_nothing() -> None:
    story = charging().add(
        210,
        "telemetry",
        ChargerConnected(**(connected(serial="ZAP000999").model_dump())),
    )

    assert story.at(220).holds.decided is None


@pytest.mark.parametrize("second", [-1, 5, 15, 30, 230, 400, 4000])
def test_an_explanation_has_one_to_six_sentences_at_any_moment(second: float) -> None:
    story = charging().goes_offline(250)
    story.events = [it for it in story.events if it[0] <= second]

    said = sentences(story.at(second))

    assert 1 <= len(said) <= 6
    assert as_json(story.at(second))["sentences"] == said
