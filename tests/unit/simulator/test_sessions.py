"""Real sessions become a scene: the same one every time, with the drivers' real energy."""

from datetime import UTC, datetime, timedelta

import pytest

from simulator.sessions import (
    OPEN_SHARE_MIN,
    SCENE_START,
    SLICE,
    Session,
    load_sessions,
    visits,
)

MORNING = datetime(2019, 5, 3, 8, tzinfo=UTC)
STATIONS = 52


def session(name: str, station: str, arrives_h: float, leaves_h: float) -> Session:
    return Session(
        name,
        station,
        MORNING + timedelta(hours=arrives_h),
        MORNING + timedelta(hours=leaves_h),
        energy_kwh=10.0,
    )


def test_the_data_carries_its_attribution() -> None:
    text = (SLICE.parent / "README.md").read_text(encoding="utf-8")

    for needed in ("ACN-Data", "Z. Lee, T. Li, S. Low", "e-Energy 2019", "Attribution 4.0"):
        assert needed in text
    assert SLICE.name in text


def test_the_slice_holds_three_whole_weeks() -> None:
    sessions = load_sessions()

    assert len(sessions) == 1159
    assert len({it.session_id for it in sessions}) == 1159
    assert {str(it.arrives_at.date()) for it in sessions} >= {"2019-05-01", "2019-05-21"}


def test_the_scene_begins_with_every_bay_taken() -> None:
    played = visits(load_sessions(), STATIONS)

    here = [it for it in played if it.arrives_s == 0.0]
    assert sorted(it.bay for it in here) == list(range(STATIONS))
    assert played == visits(load_sessions(), STATIONS)


def test_who_comes_later_needs_what_they_were_really_delivered() -> None:
    real = {it.session_id: it for it in load_sessions()}

    for it in visits(load_sessions(), STATIONS):
        session_kwh = real[it.visit_id].energy_kwh
        if it.arrives_s > 0.0:
            assert it.need_kwh == session_kwh
        else:
            assert OPEN_SHARE_MIN * session_kwh <= it.need_kwh <= session_kwh


def test_who_is_there_at_the_start_needs_the_share_of_the_stay_still_ahead() -> None:
    sessions = [session("half", "A", -4, 4), session("nearly over", "B", -9, 1)]

    half, over = visits(sessions, 2, MORNING)

    assert half.need_kwh == pytest.approx(5.0)
    assert over.need_kwh == pytest.approx(3.0), "but never less than 30 %"
    assert over.leaves_s == 3600.0


def test_who_has_left_before_the_start_is_not_played() -> None:
    assert visits([session("gone", "A", -4, -1)], 1, MORNING) == ()


def test_fewer_bays_leave_the_rest_of_the_data_away() -> None:
    played = visits(load_sessions(), 10)

    assert {it.bay for it in played} == set(range(10))
    assert {it.visit_id for it in played} < {it.visit_id for it in visits(load_sessions(), 52)}


def test_more_bays_take_other_days_real_sessions_moved_to_the_scenes_day() -> None:
    played = visits(load_sessions(), 120)

    extra = [it for it in played if it.bay >= STATIONS and it.arrives_s == 0.0]
    assert {it.bay for it in played} == set(range(120))
    assert len(extra) > 50
    assert len({it.visit_id for it in played}) == len(played)


@pytest.mark.parametrize("bays", [30, 52, 120])
def test_no_two_cars_want_one_bay_at_the_same_time(bays: int) -> None:
    free_s: dict[int, float] = {}

    for it in visits(load_sessions(), bays):
        assert it.arrives_s >= free_s.get(it.bay, 0.0)
        assert it.leaves_s > it.arrives_s
        free_s[it.bay] = it.leaves_s


def test_the_scene_begins_on_a_busy_morning_in_local_time() -> None:
    assert SCENE_START.isoformat() == "2019-05-03T08:00:00-07:00"
