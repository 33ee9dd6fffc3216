"""Where the parts meet that keep readings."""

from datetime import timedelta

from services.telemetry.readings.ageing import Ageing
from services.telemetry.readings.asking import Asking, Assigned, answer_readings
from services.telemetry.readings.keeping import Keeping
from services.telemetry.readings.summing import Summing
from services.telemetry.readings.taking import Taking
from services.telemetry.settings import Settings
from shared.clock import utc_now
from shared.messages.telemetry import BreakerReading, MeterReading
from shared.runtime import Runtime


async def keep_readings(runtime: Runtime, settings: Settings, assigned: Assigned) -> None:
    """
    Keep what is published, put it together, drop what is too old, and tell of it.

    Args:
        runtime: where it runs.
        settings: for how long it is kept.
        assigned: says which charger a serial number is.
    """
    days, months = settings.reading_days, settings.quarter_months
    keeping = Keeping(runtime.pool, days)
    ageing = Ageing(runtime.pool, days, months, keeping.forget_rooms, utc_now)
    # Months have 28 days at least: what is believed is never of a month that is dropped.
    age_max = timedelta(days=28 * (months - 1))
    for kind in (MeterReading, BreakerReading) if settings.keep_readings else ():
        taking = Taking(runtime.client, kind, keeping, age_max)
        runtime.spawn(taking.run(), f"keep {kind.__name__}")
    runtime.spawn(ageing.run(), "age readings")
    runtime.spawn(Summing(runtime.pool).run(), "sum readings")
    await answer_readings(runtime.client, Asking(runtime.pool, assigned))
