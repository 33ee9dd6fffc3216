"""`ampledger bench telemetry` from end to end, with a few chargers."""

import pytest

from cli.bench.gateway.telemetry import Sizes, measure_telemetry
from cli.figures import Figures

pytestmark = pytest.mark.integration

TINY = Sizes(hearing=4, seconds=1.0, sockets=6, storm=6, loads=(5,), swung_s=20.0)


async def test_it_measures_everything() -> None:
    figures: Figures = {}

    await measure_telemetry(TINY, lambda _: None, figures.update)

    counted = {name: it["value"] for name, it in figures.items()}
    assert counted["validate_us"] < counted["validate_ocpp_us"]
    assert counted["metervalues_per_core_s"] > counted["ocpp_metervalues_per_core_s"]
    assert counted["sockets"] == 6
    assert counted["storm_lost"] == counted["storm_refused"] == 0
    assert counted["storm_6_s"] > 0
    assert 0 < counted["reading_to_limit_p50_ms"] <= counted["reading_to_limit_p99_ms"]
