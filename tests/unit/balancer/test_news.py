"""Which readings are decided on at once, and which can wait for the next round."""

from dataclasses import replace

import pytest

from services.balancer.behaviour import STALE_S, Behaviour
from services.balancer.news import News, news_of

CHARGING = Behaviour(
    session_id="s", current_a=(10.0, 10.0, 10.0), read_at_s=1000.0, one_phase=False
)


def later(**what: object) -> Behaviour:
    """What is known ten seconds later."""
    return replace(CHARGING, read_at_s=1010.0, **what)  # type: ignore[arg-type]


def test_a_car_that_goes_on_as_before_can_wait() -> None:
    assert news_of(CHARGING, later(current_a=(10.3, 9.8, 10.1))) is News.SMALL


def test_what_has_only_begun_can_wait_until_it_has_lasted() -> None:
    assert news_of(CHARGING, later(spare_since_s=1010.0, idle_since_s=1010.0)) is News.SMALL


@pytest.mark.parametrize(
    "what",
    [
        {"current_a": (10.0, 10.0, 10.5)},
        {"current_a": (10.0, 9.5, 10.0)},
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
    assert news_of(CHARGING, later(**what)) is News.GREAT


def test_the_first_reading_and_the_first_after_a_silence_are_decided_on_at_once() -> None:
    silent = replace(CHARGING, read_at_s=CHARGING.read_at_s + STALE_S + 1)

    assert news_of(Behaviour(session_id="s"), CHARGING) is News.GREAT
    assert news_of(CHARGING, silent) is News.GREAT
