"""Where what people ask of one connected charger's hardware comes in, and who sees to it."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Final

from nats.aio.msg import Msg

from services.telemetry.calls import Aside
from services.telemetry.hardware_desk import HardwareDesk
from services.telemetry.histories import History
from services.telemetry.moments import Moment
from services.telemetry.parts import Parts
from services.telemetry.records import Records
from services.telemetry.reservations import Reservations
from services.telemetry.trust_desk import TrustDesk
from services.telemetry.upkeep import Upkeep
from services.telemetry.upkeep_asking import Asking
from services.telemetry.wishes import Wishes
from shared.messages import Answer
from shared.messages.upkeep import (
    CancelReservation,
    ChangeAvailability,
    ChangeConfiguration,
    ClearCache,
    DeleteCertificate,
    FetchDiagnostics,
    InstallCertificate,
    RaiseSecurityProfile,
    ReadCertificates,
    ReadConfiguration,
    ReserveCharger,
    RestartCharger,
    SendData,
    TriggerMessage,
    UnlockConnector,
    UpdateSignedFirmware,
    UpkeepCommand,
)

UPKEEP: Final[tuple[type[UpkeepCommand], ...]] = (
    RestartCharger,
    UnlockConnector,
    ChangeAvailability,
    ClearCache,
    TriggerMessage,
    ReadConfiguration,
    ChangeConfiguration,
    SendData,
    ReserveCharger,
    CancelReservation,
    FetchDiagnostics,
    InstallCertificate,
    ReadCertificates,
    DeleteCertificate,
    RaiseSecurityProfile,
    UpdateSignedFirmware,
)
BY_NAME: Final = {kind.__name__: kind for kind in UPKEEP}
ASKS: Final = frozenset({ReadConfiguration, ReadCertificates})
"""What only asks the charger something, and is done anew whenever it comes."""

Do = Callable[[Any, str], Awaitable[Answer]]


class UpkeepDesk:
    """Takes it for one connected charger."""

    def __init__(
        self,
        parts: Parts,
        history: History,
        upkeep: Upkeep,
        records: Records,
        wishes: Wishes,
        lost: Moment,
        aside: Aside,
    ) -> None:
        asking = Asking(records)
        self._wishes = wishes
        self._hardware = HardwareDesk(history, upkeep, asking)
        self._trust = TrustDesk(parts, history, upkeep, asking, records)
        self.reservations = Reservations(parts, history, upkeep, records, lost, aside)

    @property
    def _doing(self) -> Mapping[type[UpkeepCommand], Do]:
        hardware, trust, reservations = self._hardware, self._trust, self.reservations
        return {
            RestartCharger: hardware.restart,
            UnlockConnector: hardware.unlock,
            ChangeAvailability: hardware.availability,
            ClearCache: hardware.clear_cache,
            TriggerMessage: hardware.trigger,
            ReadConfiguration: hardware.read,
            ChangeConfiguration: hardware.change,
            SendData: hardware.send_data,
            ReserveCharger: reservations.reserve,
            CancelReservation: reservations.cancel,
            FetchDiagnostics: trust.send_records,
            InstallCertificate: trust.install,
            ReadCertificates: trust.read,
            DeleteCertificate: trust.delete,
            RaiseSecurityProfile: trust.raise_profile,
            UpdateSignedFirmware: trust.firmware,
        }

    def taker(self, name: str) -> Callable[[Msg], Awaitable[None]] | None:
        """Say who takes a command of a name from NATS; none: it is nothing of this kind."""
        kind = BY_NAME.get(name)
        return None if kind is None else partial(self._take, kind, self._doing[kind])

    async def _take(self, kind: type[UpkeepCommand], do: Do, message: Msg) -> None:
        await self._wishes.take(message, kind, do, asks=kind in ASKS)
