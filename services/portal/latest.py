"""What was heard live and is not kept: the latest readings and balances."""

from datetime import datetime

from shared.ids import ChargerId, InstallationId
from shared.messages.balancer import SiteBalance
from shared.messages.telemetry import MeterReading


class Latest:
    """The newest of every kind. What comes late does not replace what is newer."""

    def __init__(self, listening_since: datetime) -> None:
        self.listening_since = listening_since
        self._readings: dict[InstallationId, dict[ChargerId, MeterReading]] = {}
        self._balances: dict[InstallationId, SiteBalance] = {}

    def hear_reading(self, reading: MeterReading) -> None:
        """Take in what a charger's meter showed."""
        known = self._readings.setdefault(reading.installation_id, {})
        before = known.get(reading.charger_id)
        if before is None or before.received_at <= reading.received_at:
            known[reading.charger_id] = reading

    def hear_balance(self, balance: SiteBalance) -> None:
        """Take in how an installation stands, as its balancer sees it."""
        before = self._balances.get(balance.installation_id)
        if before is None or before.measured_at <= balance.measured_at:
            self._balances[balance.installation_id] = balance

    def readings_of(self, installation_id: InstallationId) -> dict[ChargerId, MeterReading]:
        """Name the latest reading of every charger of an installation."""
        return self._readings.get(installation_id, {})

    def balance_of(self, installation_id: InstallationId) -> SiteBalance | None:
        """Name the latest balance of an installation."""
        return self._balances.get(installation_id)
