"""Whatever comes is either taken or refused; what was taken is what a breaker can carry."""

from datetime import UTC, datetime
from pathlib import Path

import orjson
from hypothesis import given
from hypothesis import strategies as st

from services.telemetry.breaker_meters import BreakerMeter, ReadingRefused, reading_of
from shared.phases import PHASES, GridType, Phase
from shared.units import BREAKER_A_MAX

NOW = datetime(2026, 11, 27, 15, 5, 12, tzinfo=UTC)
METERS = (
    BreakerMeter("garage", "house", PHASES, GridType.TN_3_PHASE),
    BreakerMeter("garage", "house", (Phase.L1, Phase.L3), GridType.IT_3_PHASE),
    BreakerMeter("garage", "house", (Phase.L1,), GridType.TN_1_PHASE),
)
SAMPLES = sorted((Path(__file__).parent / "samples").iterdir())
JSON = [it for it in SAMPLES if it.suffix == ".json"]

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=4,
)


def judged(meter: BreakerMeter, body: bytes) -> None:
    """Take it or refuse it with what to do; any other exception fails the test."""
    try:
        reading = reading_of(meter, body, NOW).reading
    except ReadingRefused:
        return
    for phase, current_a in zip(PHASES, reading.current_a, strict=True):
        assert (current_a is not None) == (phase in meter.phases)
        assert current_a is None or abs(current_a) <= BREAKER_A_MAX


@given(st.sampled_from(METERS), st.binary(max_size=400))
def test_any_bytes_are_taken_or_refused(meter: BreakerMeter, body: bytes) -> None:
    judged(meter, body)


@given(st.sampled_from(METERS), st.sampled_from(JSON), st.data())
def test_any_value_in_any_place_is_taken_or_refused(
    meter: BreakerMeter, file: Path, data: st.DataObject
) -> None:
    content = orjson.loads(file.read_bytes())
    inner = content
    for _ in range(3):
        name = data.draw(st.sampled_from(sorted(inner)))
        if not isinstance(inner[name], dict) or not inner[name]:
            break
        inner = inner[name]
    inner[name] = data.draw(values)
    judged(meter, orjson.dumps(content))


@given(st.sampled_from(METERS), st.sampled_from(SAMPLES), st.data())
def test_any_piece_of_what_meters_send_is_taken_or_refused(
    meter: BreakerMeter, file: Path, data: st.DataObject
) -> None:
    body = file.read_bytes()
    start = data.draw(st.integers(0, len(body)))
    end = data.draw(st.integers(start, len(body)))
    judged(meter, body[:start] + data.draw(st.binary(max_size=6)) + body[end:])
