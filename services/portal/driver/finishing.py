"""When a car will have what is wished for it, if it goes on as it charges now."""

from datetime import datetime, timedelta

from services.portal.documents import Charger
from services.portal.facts import Facts
from services.portal.one_charger.picture import zone_of
from services.portal.wording import clock_time
from shared.messages.telemetry import MeterReading
from shared.phases import GridType
from shared.speech import _
from shared.spelling import plain
from shared.units import LINE_TO_NEUTRAL_V

LEAST_W = 200.0
"""Below this a car does not charge in earnest, and nothing is foretold."""


def power_w_of(reading: MeterReading, grid: GridType) -> float | None:
    """
    Tell a car's power: as its charger says it, else by its currents where each is against neutral.

    Args:
        reading: the latest one.
        grid: in an IT grid the currents alone do not tell it.
    """
    if reading.power_w is not None:
        return reading.power_w
    if grid in {GridType.IT_3_PHASE, GridType.IT_1_PHASE}:
        return None
    return sum(reading.current_a) * LINE_TO_NEUTRAL_V


def finish_text(facts: Facts, charger: Charger, session_wh: int | None, now: datetime) -> str:
    """
    Say when the wished energy will be in the car; empty without a wish, or when nobody can say.

    Args:
        facts: of the installation, with the latest readings.
        charger: with its wish.
        session_wh: what is in the car already.
        now: the present moment.
    """
    wish, reading = charger.wish, facts.readings.get(charger.charger_id)
    if wish is None or wish.departure_at <= now or session_wh is None or reading is None:
        return ""
    power_w, left_wh = power_w_of(reading, facts.layout.grid_type), wish.energy_wh - session_wh
    if left_wh <= 0:
        return _("It has what was wished.")
    if power_w is None or power_w < LEAST_W:
        return ""
    at = now + timedelta(hours=left_wh / power_w)
    return _(
        "At this current it has %(energy)s kWh at about %(time)s.",
        energy=plain(wish.energy_wh / 1000),
        time=clock_time(at, now, zone_of(facts.layout)),
    )
