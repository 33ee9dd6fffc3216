"""Where the parts meet that keep readings."""

from datetime import timedelta

from services.telemetry.readings.ageing import Ageing
from services.telemetry.readings.asking import answer_readings
from services.telemetry.readings.keeping import Keeping
from services.telemetry.readings.summing import Summing
from services.telemetry.readings.taking import Taking
from services.telemetry.settings import Settings
from shared.clock import utc_now
from shared.runtime import Runtime


async def keep_readings(runtime: Runtime, settings: Settings) -> None:
    """Keep what is published, put it together, drop what is too old, and tell of it."""
    days, months = settings.reading_days, settings.quarter_months
    keeping = Keeping(runtime.pool, days)
    ageing = Ageing(runtime.pool, days, months, keeping.forget_rooms, utc_now)
    # Months have 28 days at least: what is believed is never of a month that is dropped.
    taking = Taking(runtime.client, keeping, timedelta(days=28 * (months - 1)))
    runtime.spawn(ageing.run(), "age readings")
    runtime.spawn(taking.run(), "keep readings")
    runtime.spawn(Summing(runtime.pool).run(), "sum readings")
    await answer_readings(runtime.client, runtime.pool)
