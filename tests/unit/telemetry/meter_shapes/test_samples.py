"""What meters and the boxes that read them send, as files: each is read as what it shows."""

import contextlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from services.telemetry.breaker_meters import (
    FIRST,
    Before,
    BreakerMeter,
    ReadingRefused,
    Taken,
    reading_of,
)
from services.telemetry.meter_shapes import recognising
from services.telemetry.meter_shapes.recognising import SHAPES
from services.telemetry.meter_shapes.shown import Unreadable
from shared.phases import PHASES, GridType, Phase

SAMPLES = Path(__file__).parent / "samples"
HOUSE = BreakerMeter("garage", "house", PHASES, GridType.TN_3_PHASE)
NORWEGIAN = BreakerMeter("garage", "house", (Phase.L1, Phase.L3), GridType.IT_3_PHASE)
FLAT = BreakerMeter("garage", "house", (Phase.L1,), GridType.TN_1_PHASE)
NOW = datetime(2026, 11, 27, 15, 5, 12, tzinfo=UTC)
JULY = datetime(2026, 7, 1, 10, 0, 1, tzinfo=UTC)
MAY = datetime(2026, 5, 12, 11, 54, 10, tzinfo=UTC)

LinesA = tuple[float | None, ...]


def sample(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


def taken(
    name: str, meter: BreakerMeter = HOUSE, at: datetime = NOW, before: Before = FIRST
) -> Taken:
    return reading_of(meter, sample(name), at, before)


@pytest.mark.parametrize(
    ("name", "shape", "meter", "at", "age_s", "current_a", "import_wh", "export_wh"),
    [
        ("own.json", "own", HOUSE, NOW, 11.5, (31.2, 0.4, -4), 48_211_300, 34_000),
        (
            *("p1_dutch.txt", "p1_telegram", HOUSE, NOW, 12),
            *((31.126, 0.436, -3), 48_211_300, 34_000),
        ),
        (
            *("p1_dutch_one_phase.txt", "p1_telegram", FLAT, JULY, 1),
            *((9, None, None), 3_016_829, 0),
        ),
        ("p1_swedish.txt", "p1_telegram", HOUSE, NOW, 2, (4.257, 1.6, 1.7), 6_678_394, 0),
        ("p1_belgian.txt", "p1_telegram", HOUSE, MAY, 1, (-6.86, 0, 1), 15_792, 11),
        ("obis_p1.json", "obis", HOUSE, NOW, 12, (31.126, 0, -3), 48_211_300, None),
        ("obis_han.json", "obis", NORWEGIAN, NOW, 2, (18.2, None, 17.6), None, None),
        (
            *("dsmr_reader.json", "dsmr_reader", HOUSE, NOW, 12),
            *((31.126, 0.436, -3), 48_211_300, 34_000),
        ),
        (
            *("homewizard_v1.json", "homewizard", HOUSE, NOW, 0),
            *((31.2, 0.436, -3), 48_211_300, 34_000),
        ),
        (
            *("homewizard_v2.json", "homewizard", HOUSE, NOW, 12),
            *((31.2, 0.436, -3), 48_211_300, 34_000),
        ),
        (
            *("homewizard_one_phase.json", "homewizard", FLAT, NOW, 0),
            *((-2.346, None, None), 3_016_829, 0),
        ),
        ("ams_kaifa_it.json", "ams", NORWEGIAN, NOW, 2, (18.2, None, 17.6), None, None),
        ("ams_aidon_tn.json", "ams", HOUSE, NOW, 2, (31.2, 0.4, 3), 48_211_300, 34_000),
        (
            *("shelly_3em.json", "shelly", HOUSE, NOW, 12),
            *((31.2, 0.48, -3.07), 48_211_300, 34_000),
        ),
        ("shelly_pro_3em.json", "shelly", HOUSE, NOW, 0, (31.2, 0.48, -3.07), None, None),
        (
            *("shelly_pro_3em_notify.json", "shelly", HOUSE, NOW, 11.48),
            *((31.2, 0.48, -3.07), None, None),
        ),
        (
            *("shelly_pro_3em_full.json", "shelly", HOUSE, NOW, 12),
            *((31.2, 0.48, -3.07), 48_211_300, 34_000),
        ),
    ],
    ids=lambda it: it if isinstance(it, str) else "",
)
def test_a_sample_is_read_as_what_it_shows(
    name: str,
    shape: str,
    meter: BreakerMeter,
    at: datetime,
    age_s: float,
    current_a: LinesA,
    import_wh: float | None,
    export_wh: float | None,
) -> None:
    found = taken(name, meter, at)

    assert found.shape == shape
    reading = found.reading
    assert reading.current_a == pytest.approx(current_a, abs=0.001)
    assert (at - reading.measured_at).total_seconds() == pytest.approx(age_s)
    assert reading.import_wh == pytest.approx(import_wh)
    assert reading.export_wh == pytest.approx(export_wh)


def test_there_is_a_sample_of_every_shape_and_each_is_recognised_as_one_only() -> None:
    meters = (HOUSE, NORWEGIAN, FLAT)
    shapes = set()
    for file in SAMPLES.iterdir():
        for meter in meters:
            with contextlib.suppress(Unreadable):
                shapes.add(recognising.read(file.read_bytes(), meter.grid_type.lines).shape)
        recognised = [it for it in SHAPES if _is(file, it)]
        assert len(recognised) == 1, file

    assert shapes == set(SHAPES)


def _is(file: Path, shape: str) -> bool:
    body = file.read_bytes()
    content = orjson.loads(body) if file.suffix == ".json" else body.decode()
    return SHAPES[shape][0](content)


# --- Telegrams ---


def refusal_of(body: bytes, meter: BreakerMeter = HOUSE) -> str:
    with pytest.raises(ReadingRefused) as refused:
        reading_of(meter, body, NOW)
    return refused.value.refusal


def test_a_telegram_that_lost_or_changed_something_on_the_way_is_refused() -> None:
    telegram = sample("p1_dutch.txt")

    assert refusal_of(telegram.replace(b"031*A", b"021*A")) == "ChecksumWrong"
    assert refusal_of(telegram[:-6]) == "ReadingMalformed"
    assert refusal_of(telegram[:400]) == "ReadingMalformed"


def test_line_ends_that_were_turned_into_line_feeds_change_nothing() -> None:
    turned = sample("p1_dutch.txt").replace(b"\r\n", b"\n")

    assert reading_of(HOUSE, turned, NOW).reading == taken("p1_dutch.txt").reading


def test_a_telegram_of_one_line_is_none_of_three() -> None:
    assert refusal_of(sample("p1_dutch_one_phase.txt")) != ""
    with pytest.raises(ReadingRefused, match="a number came for L1"):
        reading_of(HOUSE, sample("p1_dutch_one_phase.txt"), JULY)


# --- Lists with power only ---

LIST_1_AT = datetime(2026, 11, 27, 15, 5, 2, tzinfo=UTC)


def power_only(power_w: float, at: datetime, **more: float) -> bytes:
    said = {"P": power_w, **more}
    content = ", ".join(f'"{name}": {value}' for name, value in said.items())
    return f'{{"t": {int(at.timestamp())}, "data": {{{content}}}}}'.encode()


def test_power_alone_says_what_flows_where_there_is_one_line() -> None:
    found = reading_of(FLAT, power_only(2300, NOW), NOW)
    assert found.reading.current_a == pytest.approx((10, None, None))
    feeding = reading_of(FLAT, power_only(0, NOW, PO=1150), NOW)
    assert feeding.reading.current_a == pytest.approx((-5, None, None))
    reactive = reading_of(FLAT, power_only(3000, NOW, Q=4000, U1=250), NOW)
    assert reactive.reading.current_a == pytest.approx((20, None, None))


def test_power_alone_counts_on_every_line_where_nothing_is_known_of_them() -> None:
    found = taken("ams_kaifa_list_1.json", NORWEGIAN, LIST_1_AT)

    assert found.reading.current_a == pytest.approx((28.652, None, 28.652), abs=0.001)


def test_after_a_list_with_currents_only_what_has_come_on_top_counts_on_every_line() -> None:
    full = taken("ams_kaifa_it.json", NORWEGIAN)
    at = NOW + timedelta(seconds=5)

    more = reading_of(NORWEGIAN, power_only(6590 + 2300, at), at, full.then)
    assert more.reading.current_a == pytest.approx((28.2, None, 27.6))
    less = reading_of(NORWEGIAN, power_only(3000, at), at, full.then)
    assert less.reading.current_a == pytest.approx((18.2, None, 17.6))
    long_after = NOW + timedelta(seconds=45)
    alone = reading_of(NORWEGIAN, power_only(2300, long_after), long_after, more.then)
    assert alone.reading.current_a == pytest.approx((10, None, 10))


def test_power_alone_says_nothing_of_lines_while_the_building_feeds_the_grid() -> None:
    assert refusal_of(power_only(0, NOW, PO=500), NORWEGIAN) == "PowerTellsNoLines"


# --- Edges ---


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        (b'{"P": 1, "power_w": 1}', "ShapeAmbiguous"),
        (b'{"hello": 1}', "ReadingMalformed"),
        (b"[" * 5000, "ReadingMalformed"),
        (b"\xff\xfe", "ReadingMalformed"),
        (b'{"I1": true, "P": 1}', "ReadingMalformed"),
        (b'{"I1": 9e99, "I2": 0, "I3": 0, "P": 1}', "ReadingMalformed"),
        (b'{"I1": 7000, "I2": 0, "I3": 0}', "ReadingMalformed"),
        (b'{"P": 1, "t": "noon"}', "ReadingMalformed"),
        (b'{"1-0:31.7.0": {"value": 3, "unit": "kW"}}', "ReadingMalformed"),
        (b'{"1-0:1.7.0": 3}', "WrongPhases"),
        (b'{"emeters": [{"is_valid": false}]}', "MeterFaulty"),
        (b'{"emeters": []}', "ReadingMalformed"),
        (b'{"a_act_power": 1, "a_errors": ["out_of_range:current"]}', "MeterFaulty"),
    ],
)
def test_what_cannot_be_read_is_refused(body: bytes, refusal: str) -> None:
    assert refusal_of(body) == refusal


def test_amperes_may_be_in_thousandths_where_the_unit_says_so() -> None:
    said = b'{"31.7.0": "3500*mA", "51.7.0": {"value": "2", "unit": "A"}, "71.7.0": 1}'

    assert reading_of(HOUSE, said, NOW).reading.current_a == (3.5, 2, 1)


def test_a_shape_that_is_asked_for_has_to_be_that() -> None:
    with pytest.raises(ReadingRefused, match="it looks like ams"):
        reading_of(HOUSE, sample("ams_aidon_tn.json"), NOW, shape="shelly")
