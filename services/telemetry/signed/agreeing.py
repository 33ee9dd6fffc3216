"""Whether what a meter has signed of a session is what its charger has told."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from services.telemetry.signed.ocmf import Told

ROUNDED_WH = Decimal(1)
"""Chargers tell registers in whole watt-hours."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """
    By how much a meter's signed register is above what the charger told, in watt-hours.

    Args:
        begin_wh, end_wh: when the session began, and when it ended; none: one of the two is not known.
        energy_wh: of what went through in between.
        agrees: all that can be compared is the same, as exactly as it was told; none: nothing can be.
    """

    begin_wh: Decimal | None = None
    end_wh: Decimal | None = None
    energy_wh: Decimal | None = None
    agrees: bool | None = None


def agreement(told: Iterable[Told], start_wh: int, end_wh: int | None) -> Agreement:
    """
    Compare.

    Args:
        told: all that the meter has signed of the session.
        start_wh, end_wh: the charger's register when the session began and ended; none: it goes on, or
            how it ended is not known.
    """
    readings = sorted(
        (it for it in told if it.value_wh is not None), key=lambda it: it.at.timestamp()
    )
    begin = next((it for it in readings if it.begins), None)
    # A meter may sign several registers: the one at the end is that of the beginning.
    end = next(
        (
            it
            for it in reversed(readings)
            if it.ends and (begin is None or it.register == begin.register)
        ),
        None,
    )
    begin_wh = _above(begin, start_wh)
    last_wh = _above(end, end_wh)
    energy_wh = None
    if begin_wh is not None and last_wh is not None:
        energy_wh = last_wh - begin_wh
    exactly = [
        abs(above_wh) < ROUNDED_WH + reading.step_wh
        for above_wh, reading in ((begin_wh, begin), (last_wh, end))
        if above_wh is not None and reading is not None
    ]
    return Agreement(begin_wh, last_wh, energy_wh, all(exactly) if exactly else None)


def _above(reading: Told | None, register_wh: int | None) -> Decimal | None:
    if reading is None or reading.value_wh is None or register_wh is None:
        return None
    return reading.value_wh - register_wh
