"""`ampledger bench telemetry`, with a few chargers; how soon limits come takes longer, and is left out."""

import pytest

from cli.bench.gateway.telemetry import Sizes, measure_telemetry
from cli.figures import Figures

pytestmark = pytest.mark.integration

TINY = Sizes(hearing=4, seconds=1.0, sockets=6, storm=6, loads=())


async def test_it_measures_everything_that_a_few_chargers_can_show() -> None:
    figures: Figures = {}

    await measure_telemetry(TINY, lambda _: None, figures.update)

    counted = {name: it["value"] for name, it in figures.items()}
    assert 0 < counted["validate_us"] < counted["validate_ocpp_us"]
    assert counted["metervalues_per_core_s"] > 0
    assert counted["metervalues_vs_ocpp"] > 0
    assert {"traced_us_per_reading", "sampled_us_per_reading"} <= counted.keys()
    assert counted["sockets"] == 6
    assert counted["kib_per_socket"] is not None
    assert counted["storm_lost"] == counted["storm_refused"] == 0
    assert counted["storm_6_s"] > 0
