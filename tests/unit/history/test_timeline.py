"""The story of several logs: in one order, in words, with what changed from what to what."""

from datetime import UTC, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from shared.history.merging import Told, merge
from shared.history.timeline import Act, Entry, Routine, timeline
from tests.unit.history.facts import (
    ELSEWHERE,
    added,
    allotted,
    balancer,
    connected,
    created,
    garage_with_a_charger,
    garage_with_a_locked_charger,
    layouts,
    narrowed,
    telemetry,
)


def everything(_: Told) -> bool:
    return True


def acts(entries: list[Entry]) -> list[Act]:
    return [it for it in entries if isinstance(it, Act)]


def tell(**logs: object) -> list[Entry]:
    return list(timeline(merge({k: it.events for k, it in logs.items()}), everything))  # type: ignore[attr-defined]


# --- Order ---


def test_an_event_never_comes_before_its_cause_whatever_the_clocks_say() -> None:
    cause, effect = telemetry(), layouts()
    effect.at -= timedelta(hours=1)  # its clock is late
    [first] = cause.act(connected())
    effect.act(created(), caused_by=str(first.event_id))

    merged = merge({"installation": effect.events, "telemetry": cause.events})

    assert [it.service for it in merged] == ["telemetry", "installation"]


def test_a_cause_that_is_in_none_of_the_logs_holds_nothing_up() -> None:
    log = layouts()
    log.act(created(), caused_by=str(UUID(int=404)))

    assert len(merge({"installation": log.events})) == 1


def test_events_that_claim_to_cause_each_other_are_told_by_the_clock() -> None:
    one, other = layouts(), telemetry()
    one.act(created(), caused_by=str(UUID(int=other.number * 10_000 + 1)))
    other.act(connected(), caused_by=str(UUID(int=one.number * 10_000 + 1)), minutes=2)

    merged = merge({"installation": one.events, "telemetry": other.events})

    assert [it.service for it in merged] == ["installation", "telemetry"]


@given(
    st.lists(st.floats(-30, 30, allow_nan=False), min_size=1, max_size=12),
    st.lists(st.floats(-30, 30, allow_nan=False), min_size=1, max_size=12),
)
def test_no_clock_changes_the_order_within_a_log(
    ours: list[float], theirs: list[float]
) -> None:
    one, other = layouts(), telemetry()
    for minutes in ours:
        one.act(created(), minutes=minutes)
    for minutes in theirs:
        other.act(connected(), minutes=minutes)

    merged = merge({"installation": one.events, "telemetry": other.events})

    for log in (one, other):
        told = [it.recorded for it in merged if it.service == log.service]
        assert told == log.events


# --- What is told ---


def test_a_change_is_told_from_what_to_what() -> None:
    log = garage_with_a_charger()
    log.act(narrowed(set_a=50.0))

    [act] = acts(tell(installation=log))[-1:]

    assert [it.text for it in act.facts] == ["Circuit Level 2 was changed"]
    assert act.facts[0].changes == ("circuit Level 2: set value 63 A → 50 A",)


def test_one_command_is_one_act_with_its_actor_and_reason() -> None:
    log = garage_with_a_locked_charger()

    act = acts(tell(installation=log))[-1]

    assert (act.actor, act.reason) == ("ola", "water in the garage")
    assert [it.text for it in act.facts] == [
        "Bay 3 (ZAP000123) was locked: it went down with Level 2",
        "The fail-safe of Bay 3 (ZAP000123) is to be 0 A, computed",
        "Circuit Level 2 was deactivated: water in the garage",
    ]
    assert "Bay 3 (ZAP000123): locked no → with Level 2" in act.facts[0].changes
    assert "circuit Level 2: in use yes → no" in act.facts[2].changes


def test_times_are_those_of_the_installation() -> None:
    log = garage_with_a_charger()

    assert {it.zone for it in acts(tell(installation=log))} == {ZoneInfo("Europe/Oslo")}


def test_routine_is_counted_between_acts_and_told_when_asked_for() -> None:
    log, balance = garage_with_a_charger(), balancer()
    balance.at = log.at
    for sequence in (1, 2, 3):
        balance.act(allotted(6.0 + sequence, sequence=sequence))
    log.at = balance.at
    log.act(narrowed())
    story = merge({"installation": log.events, "balancer": balance.events})

    brief, long = (
        list(timeline(story, everything)),
        list(timeline(story, everything, everything=True)),
    )

    counted = brief[-2]
    assert isinstance(counted, Routine)
    assert counted.counts == {"CurrentLimitAllocated": 3}
    assert counted.from_at < counted.to_at <= log.at
    assert len(long) == len(brief) + 2
    told = acts(long)[-2]
    assert told.facts[0].text == (
        "Bay 3 (ZAP000123) may draw 9 A, because circuit Level 2 is fully shared out on L1 among 3 cars"
    )
    assert told.facts[0].changes == ("Bay 3 (ZAP000123) is given: limit 8 A → 9 A",)


def test_routine_at_the_end_is_not_forgotten() -> None:
    log, balance = garage_with_a_charger(), balancer()
    balance.at = log.at
    balance.act(allotted(8.0))

    assert isinstance(tell(installation=log, balancer=balance)[-1], Routine)


def test_what_does_not_concern_is_folded_all_the_same() -> None:
    log = garage_with_a_charger()
    log.act(narrowed(set_a=50))

    entries = list(
        timeline(
            merge({"installation": log.events}), lambda it: it.recorded.type == "CircuitChanged"
        )
    )

    assert [it.facts[0].changes for it in acts(entries)] == [
        ("circuit Level 2: set value 63 A → 50 A",)
    ]


def test_installations_do_not_mix() -> None:
    log = garage_with_a_charger()
    log.act(created(ELSEWHERE, name="Hill garage"))
    log.act(added("level-2", installation_id=ELSEWHERE, set_a=32, breaker_a=32))
    log.act(narrowed(set_a=50))

    assert acts(tell(installation=log))[-1].facts[0].changes == (
        "circuit Level 2: set value 63 A → 50 A",
    )


def test_an_event_of_a_later_version_of_the_program_is_named_and_passed_over() -> None:
    log = garage_with_a_charger()
    [strange] = log.act(narrowed())
    log.events[-1] = strange._replace(type="CircuitPainted")

    assert acts(tell(installation=log))[-1].facts[0].text == (
        "CircuitPainted, which this version cannot read"
    )


def test_programs_get_it_all() -> None:
    log = garage_with_a_locked_charger()

    content = acts(tell(installation=log))[-1].as_json()

    assert content["actor"] == "ola"
    assert content["command_id"] == "down"
    assert content["recorded_at"] == log.at.astimezone(UTC).isoformat()
    assert [it["position"] for it in content["events"]] == [5, 6, 7]
    assert content["events"][0]["changes"][0] == {
        "part": "charger",
        "id": "bay-3",
        "field": "locked",
        "before": None,
        "after": {"circuit_id": "level-2"},
    }
