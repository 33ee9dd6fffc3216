"""OCPP 1.6 meter values: what a charger's meter shows, as `sampledValue`s."""

import math
from collections.abc import Iterable, Iterator
from typing import Final

from simulator.configuration import CURRENT, ENERGY, POWER
from simulator.outlet import Outlet
from simulator.payloads import Payload, timestamp

PERIODIC: Final = "Sample.Periodic"
TRIGGERED: Final = "Trigger"
HUNDREDTH_ROUNDING: Final = 1e-9


def rounded_down(value: float) -> str:
    """
    Write a value with two decimals, never above it: a meter must not invent current.

    >>> rounded_down(15.999), rounded_down(16.0), rounded_down(0.0)
    ('15.99', '16.00', '0.00')
    """
    return f"{math.floor(value * 100 + HUNDREDTH_ROUNDING) / 100:.2f}"


def meter_value(
    at_s: float, outlet: Outlet, measurands: Iterable[str], context: str = PERIODIC
) -> Payload:
    """
    Write one reading. The terminals are named L1, L2 and L3 whichever lines are behind them.

    Args:
        at_s: when it was taken, by the charger's clock, in seconds since 1970.
        outlet: whose meter is read.
        measurands: what to write of it.
        context: why the reading was taken.
    """
    values = [value for it in measurands for value in _values(it, outlet)]
    return {
        "timestamp": timestamp(at_s),
        "sampledValue": [{"context": context, "location": "Outlet"} | it for it in values],
    }


def _values(measurand: str, outlet: Outlet) -> Iterator[Payload]:
    if measurand == CURRENT:
        for i, terminal_a in enumerate(outlet.terminals_a, start=1):
            yield {
                "measurand": CURRENT,
                "phase": f"L{i}",
                "unit": "A",
                "value": rounded_down(terminal_a),
            }
    elif measurand == ENERGY:
        yield {"measurand": ENERGY, "unit": "Wh", "value": str(int(outlet.register_wh))}
    elif measurand == POWER:
        yield {"measurand": POWER, "unit": "W", "value": rounded_down(outlet.power_w)}
