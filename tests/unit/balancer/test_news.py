"""What is decided on at once, and what can wait for the next round."""

from dataclasses import replace

import pytest

from cli.proving.moments import START_S, moment
from services.balancer.behaviour import STALE_S, Behaviour
from services.balancer.news import News, news_in, news_of
from services.balancer.reported import (
    fold_reported,
)
from shared.messages.telemetry import ChargerDisconnected, CurrentLimitApplied

CHARGING = Behaviour(
    session_id="s", current_a=(10.0, 10.0, 10.0), read_at_s=1000.0, one_phase=False
)


def later(**what: object) -> Behaviour:
    """What is known ten seconds later."""
    return replace(CHARGING, read_at_s=1010.0, **what)  # type: ignore[arg-type]


def test_a_car_that_goes_on_as_before_can_wait() -> None:
    assert news_of(CHARGING, later(current_a=(10.3, 9.8, 10.1)), 10.0) is News.SMALL


def test_what_has_only_begun_can_wait_until_it_has_lasted() -> None:
    began = later(spare_since_s=1010.0, idle_since_s=1010.0)

    assert news_of(CHARGING, began, 10.0) is News.SMALL


@pytest.mark.parametrize(
    "what",
    [
        {"current_a": (10.0, 10.0, 10.6)},
        {"session_id": "another"},
        {"one_phase": True},
        {"keeps_three_phases": True},
        {"wish_a": 6.0},
        {"paused": True},
        {"wakes": 1},
        {"waking_until_s": 1015.0},
        {"finished_at_s": 1010.0},
        {"disobeys_a": 20.0},
    ],
)
def test_whatever_may_ask_for_other_limits_is_decided_on_at_once(
    what: dict[str, object],
) -> None:
    assert news_of(CHARGING, later(**what), 10.0) is News.GREAT


def test_the_first_reading_and_the_first_after_a_silence_are_decided_on_at_once() -> None:
    silent = replace(CHARGING, read_at_s=CHARGING.read_at_s + STALE_S + 1)

    assert news_of(Behaviour(session_id="s"), CHARGING, 10.0) is News.GREAT
    assert news_of(CHARGING, silent, 10.0) is News.GREAT


@pytest.mark.parametrize("drawn_a", [0.0, 6.0, 9.5, 16.0, 16.5])
def test_a_car_that_follows_what_it_is_counted_at_is_seen_within_a_second(
    drawn_a: float,
) -> None:
    after = later(current_a=(drawn_a, 10.0, 10.0))

    assert news_of(CHARGING, after, 16.0) is News.FAIR
    assert news_of(CHARGING, after, None) is News.GREAT, "nobody knows what it may draw"


def applied(limit_a: float, sequence: int) -> CurrentLimitApplied:
    return CurrentLimitApplied(
        installation_id="here",
        charger_id="bay",
        limit_a=limit_a,
        valid_until=moment(START_S + 90),
        sequence=sequence,
        epoch=1,
        applied_at=moment(START_S),
    )


@pytest.mark.parametrize(
    ("limit_a", "news"),
    [(16.0, News.SMALL), (20.0, News.SMALL), (15.9, News.FAIR), (0.0, News.FAIR)],
)
def test_only_a_limit_that_is_lower_makes_room_for_others(limit_a: float, news: News) -> None:
    before = fold_reported(None, applied(16.0, 1), moment(START_S))

    assert news_in(before, applied(limit_a, 2)) is news


def test_whatever_else_a_charger_tells_is_decided_on_at_once() -> None:
    before = fold_reported(None, applied(16.0, 1), moment(START_S))
    gone = ChargerDisconnected(
        installation_id="here", charger_id="bay", gateway_id="g", reason="lost"
    )

    assert news_in(None, applied(16.0, 1)) is News.GREAT
    assert news_in(before, gone) is News.GREAT
