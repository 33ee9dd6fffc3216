"""What a meter at a breaker pushes: taken as a reading, or refused with what to do."""

import json
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

import pytest

from services.telemetry.breaker_meters import (
    AGO_MAX,
    BODY_BYTES_MAX,
    FIRST,
    Before,
    BreakerMeter,
    ReadingRefused,
    reading_of,
)
from services.telemetry.meter_door import MeterDoor
from services.telemetry.meter_inbox import MeterInbox
from services.telemetry.meter_standings import MeterStandings
from shared.messages.telemetry import BreakerReading
from shared.phases import PHASES, GridType, Phase

NOW = datetime(2026, 11, 27, 16, tzinfo=UTC)
HOUSE = BreakerMeter("garage", "house", PHASES, GridType.TN_3_PHASE)
NORWEGIAN = BreakerMeter("garage", "house", (Phase.L1, Phase.L3), GridType.IT_3_PHASE)
FLAT = BreakerMeter("garage", "house", (Phase.L1,), GridType.TN_1_PHASE)


def body(*current_a: float | None, after_s: float = 0.0, **more: object) -> bytes:
    at = NOW + timedelta(seconds=after_s)
    said = {"measured_at": at.isoformat(), "current_a": list(current_a), **more}
    return json.dumps(said).encode()


def test_a_reading_is_taken_line_by_line() -> None:
    taken = reading_of(HOUSE, body(31.5, 0, -4), NOW)

    assert taken.shape == "own"
    assert taken.reading == BreakerReading(
        installation_id="garage",
        meter_id="house",
        measured_at=NOW,
        received_at=NOW,
        current_a=(31.5, 0, -4),
    )


def test_a_line_that_is_not_measured_is_null() -> None:
    assert reading_of(NORWEGIAN, body(9, None, 8), NOW).reading.current_a == (9, None, 8)
    assert reading_of(FLAT, body(9), NOW).reading.current_a == (9, None, None)


def test_registers_are_kept_where_there_are_any() -> None:
    with_registers = reading_of(HOUSE, body(1, 1, 1, import_wh=48_211_300), NOW).reading

    assert (with_registers.import_wh, with_registers.export_wh) == (48_211_300, None)


@pytest.mark.parametrize(
    ("said", "refusal", "way_on"),
    [
        (b"", "ReadingMalformed", "send measured_at"),
        (b'{"measured_at": "now"}', "ReadingMalformed", "offset from UTC"),
        (
            b'{"measured_at": "2026-11-27T16:00:00", "current_a": [1,1,1]}',
            "ReadingMalformed",
            "offset",
        ),
        (body(float("nan"), 1, 1), "ReadingMalformed", "finite number"),
        (body(float("inf"), 1, 1), "ReadingMalformed", "finite number"),
        (body(1e9, 1, 1), "ReadingMalformed", "amperes"),
        (body(1, 1, 1, unit="A"), "ReadingMalformed", "unit"),
        (body(1, 1, 1, 1), "ReadingMalformed", "L1, L2, L3"),
        (body(1, 1), "WrongNumberOfPhases", "one for each of L1, L2, L3"),
        (body(1, None, 1), "WrongPhases", "change the meter"),
        (body(1, 1, 1, after_s=6), "MeasuredInFuture", "set the clock"),
        (body(1, 1, 1, after_s=-61), "MeasuredLongAgo", "the latest reading only"),
    ],
)
def test_what_cannot_be_taken_is_refused_with_what_to_do(
    said: bytes, refusal: str, way_on: str
) -> None:
    with pytest.raises(ReadingRefused, match=way_on) as refused:
        reading_of(HOUSE, said, NOW)

    assert refused.value.refusal == refusal
    assert 400 <= refused.value.status < 500


def test_a_clock_that_goes_backwards_and_readings_in_heaps_are_refused() -> None:
    with pytest.raises(ReadingRefused, match="not after") as again:
        reading_of(HOUSE, body(1, 1, 1), NOW, Before(NOW, NOW))
    with pytest.raises(ReadingRefused, match="send fewer") as heap:
        reading_of(HOUSE, body(1, 1, 1, after_s=0.05), NOW, Before(NOW, NOW))

    assert again.value.status is HTTPStatus.CONFLICT
    assert heap.value.status is HTTPStatus.TOO_MANY_REQUESTS


def test_a_reading_of_a_line_that_was_not_entered_is_refused() -> None:
    with pytest.raises(
        ReadingRefused, match="measuring L1, L3, and a number came for L1, L2, L3"
    ):
        reading_of(NORWEGIAN, body(9, 9, 9), NOW)


# --- When it was measured ---

UNDATED = json.dumps({"P": 1200, "I1": 5.0, "I2": 1.0, "I3": 2.0}).encode()


def local(text: str) -> bytes:
    return json.dumps({"power_w": 1, "timestamp": text, **dict.fromkeys(LINES, 1)}).encode()


LINES = ("current_l1_a", "current_l2_a", "current_l3_a")


def test_a_time_without_a_zone_is_that_of_a_zone_in_europe_where_it_is_now() -> None:
    for hour in (16, 17, 18, 19):
        taken = reading_of(HOUSE, local(f"2026-11-27T{hour}:00:00"), NOW)
        assert taken.reading.measured_at == NOW
    with pytest.raises(ReadingRefused) as refused:
        reading_of(HOUSE, local("2026-11-27T16:40:00"), NOW)
    assert refused.value.refusal == "MeasuredLongAgo"


def test_what_has_no_time_was_measured_when_it_arrives() -> None:
    assert reading_of(HOUSE, UNDATED, NOW).reading.measured_at == NOW
    with pytest.raises(ReadingRefused, match="send fewer"):
        reading_of(HOUSE, UNDATED, NOW, Before(NOW - timedelta(seconds=0.05), NOW))


def test_what_has_no_time_and_may_have_waited_is_not_taken_first_after_a_silence() -> None:
    silent = Before(NOW - AGO_MAX * 2, NOW - AGO_MAX * 2)
    for before in (FIRST, silent):
        with pytest.raises(ReadingRefused, match="the next one is taken") as refused:
            reading_of(HOUSE, UNDATED, NOW, before, queued=True)
        assert refused.value.refusal == "UndatedAfterSilence"

    after = Before(None, NOW - timedelta(seconds=10))
    assert reading_of(HOUSE, UNDATED, NOW, after, queued=True).reading.measured_at == NOW


# --- The door ---


class Offered:
    """Takes readings in place of the publisher."""

    def __init__(self) -> None:
        self.readings: list[object] = []

    def offer(self, reading: object) -> None:
        self.readings.append(reading)


async def nobody_is_asked(_: BreakerMeter, __: object) -> None:
    """Every reading comes from its meter."""


async def posted(offered: Offered, path: str, *bodies: bytes) -> list[tuple[int, object]]:
    """Push to the door; answers as status and content."""
    httpx = pytest.importorskip("httpx")

    def find(installation_id: str, meter_id: str) -> BreakerMeter | None:
        return HOUSE if (installation_id, meter_id) == ("garage", "house") else None

    standings = MeterStandings(None)
    inbox = MeterInbox(find, offered, standings, lambda: NOW)  # type: ignore[arg-type]
    door = MeterDoor(inbox, nobody_is_asked)
    transport = httpx.ASGITransport(door.application())
    async with httpx.AsyncClient(transport=transport, base_url="http://door") as client:
        answers = [await client.post(path, content=it) for it in bodies]
    return [(it.status_code, it.json() if it.content else None) for it in answers]


async def test_the_door_takes_readings_in_order_and_says_why_not() -> None:
    offered = Offered()

    answers = await posted(
        offered, "/meters/garage/house", body(1, 2, 3), body(1, 2, 3), body(4, 5, 6, after_s=1)
    )

    assert [it for it, _ in answers] == [202, 409, 202]
    assert answers[1][1]["refusal"] == "ClockWentBackwards"  # type: ignore[index]
    assert len(offered.readings) == 2


async def test_the_door_knows_meters_and_how_large_a_reading_is() -> None:
    offered = Offered()

    unknown = await posted(offered, "/meters/garage/roof", body(1, 1, 1))
    large = await posted(offered, "/meters/garage/house", b" " * (BODY_BYTES_MAX + 1))

    assert unknown[0][0] == 404
    assert "ampledger meter add garage roof" in str(unknown[0][1])
    assert large[0][0] == 413
    assert offered.readings == []
