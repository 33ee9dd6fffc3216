"""Which times of readings are believed, and what is no reading at all."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from services.telemetry.readings.rows import Kind, Source, Unkeepable, once_each, row_of
from shared.messages.telemetry import BreakerReading, MeterReading
from tests.unit.telemetry.facts import AT, BAY_12

AGE_MAX = timedelta(days=1000)


def reading(measured_at: datetime, **changes: Any) -> MeterReading:
    given = {
        "current_a": (16, 0, 0),
        "register_wh": 1000,
        "power_w": 3680.0,
        "session_id": "s-1",
    }
    return MeterReading(**BAY_12, measured_at=measured_at, received_at=AT, **(given | changes))


def test_a_reading_is_of_when_it_says_to_be_also_days_late() -> None:
    for ago in (timedelta(0), timedelta(days=900), -timedelta(minutes=59)):
        row = row_of(reading(AT - ago), AGE_MAX)
        assert (row.look.at, row.said_at) == (AT - ago, None)


def test_a_clock_that_was_never_set_or_runs_ahead_is_not_believed() -> None:
    for said in (datetime.fromisoformat("1970-01-01T00:00:12Z"), AT + timedelta(hours=2)):
        row = row_of(reading(said), AGE_MAX)
        assert (row.look.at, row.said_at) == (AT, said)


def test_what_cannot_be_is_no_reading() -> None:
    for impossible in ({"current_a": (1e30, 0, 0)}, {"register_wh": 2**60}):
        with pytest.raises(Unkeepable):
            row_of(reading(AT, **impossible), AGE_MAX)


def test_what_came_twice_is_one_reading_and_another_at_the_same_moment_is_another() -> None:
    row = row_of(reading(AT), AGE_MAX)
    other = reading(AT).model_copy(update={"received_at": AT + timedelta(seconds=1)})

    assert once_each([row, row]) == [row]
    assert len(once_each([row, row_of(other, AGE_MAX)])) == 2


def test_a_meter_at_a_breaker_is_another_source_than_a_charger_of_that_name() -> None:
    of_meter = BreakerReading(
        installation_id="garage",
        meter_id="bay-12",
        measured_at=AT,
        received_at=AT,
        current_a=(-4.0, None, 1.0),
        import_wh=123_456.4,
    )

    row = row_of(of_meter, AGE_MAX)

    assert row.source == Source(Kind.METER, "garage", "bay-12")
    assert row.look.current_a == (-4.0, None, 1.0)
    assert row.look.register_wh == 123_456
