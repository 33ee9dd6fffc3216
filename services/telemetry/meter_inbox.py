"""Where the readings of meters at breakers come together, whichever way they came."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from http import HTTPStatus
from typing import Final, Literal

from services.telemetry.breaker_meters import (
    FIRST,
    Before,
    BreakerMeter,
    ReadingRefused,
    reading_of,
)
from services.telemetry.meter_standings import MeterStandings
from services.telemetry.publisher import Publisher
from shared.ids import InstallationId, MeterId

Way = Literal["HTTP", "MQTT"]
MQTT: Final = "MQTT"

Find = Callable[[InstallationId, MeterId], BreakerMeter | None]


class MeterInbox:
    """Takes readings, and remembers of each meter what it sent before."""

    def __init__(
        self,
        find: Find,
        publisher: Publisher,
        standings: MeterStandings,
        clock: Callable[[], datetime],
    ) -> None:
        self._find = find
        self._publisher = publisher
        self._standings = standings
        self._clock = clock
        self._before: dict[tuple[InstallationId, MeterId], Before] = {}

    def meter(self, installation_id: InstallationId, meter_id: MeterId) -> BreakerMeter:
        """
        Find a meter.

        Raises:
            ReadingRefused: nobody entered it.
        """
        meter = self._find(installation_id, meter_id)
        if meter is None:
            raise ReadingRefused(
                HTTPStatus.NOT_FOUND,
                "UnknownMeter",
                f"there is no meter {meter_id} in installation {installation_id}; enter it first: "
                f"ampledger meter add {installation_id} {meter_id}",
            )
        return meter

    def take(self, meter: BreakerMeter, body: bytes, by: Way) -> None:
        """
        Take what a meter sends, and publish it.

        Raises:
            ReadingRefused: it cannot be taken.
        """
        key, now = (meter.installation_id, meter.meter_id), self._clock()
        before = self._before.get(key, FIRST)
        try:
            taken = reading_of(meter, body, now, before, queued=by == MQTT)
        except ReadingRefused:
            self._before[key] = replace(before, arrived_at=now)
            raise
        self._before[key] = taken.then
        self._publisher.offer(taken.reading)
        self._standings.taken(taken, by)

    def refused(
        self, installation_id: InstallationId, meter_id: MeterId, why: ReadingRefused, by: Way
    ) -> None:
        """Say in the log, and count, that something was refused."""
        known = self._find(installation_id, meter_id) is not None
        self._standings.refused(installation_id, meter_id, why, by, self._clock(), known=known)
