"""Both directions of a charger's talk by OCPP 2.x."""

from typing import Final

from simulator.charger import Charger
from simulator.ocpp2.asked import Asked
from simulator.ocpp2.profiles import Layers
from simulator.ocpp2.saying import Frame, Saying
from simulator.ocpp2.variables import DeviceModel, Name
from simulator.outbox import Message
from simulator.payloads import Payload

OCPP_201: Final = "ocpp2.0.1"
OCPP_21: Final = "ocpp2.1"
ONLY_16: Final = frozenset(
    {
        "ChangeConfiguration",
        "ExtendedTriggerMessage",
        "GetConfiguration",
        "GetDiagnostics",
        "RemoteStartTransaction",
        "RemoteStopTransaction",
        "SignedUpdateFirmware",
    }
)
"""What 2.x has no such request for; it is answered as any other unknown one."""


class Tongue2:
    """How one charger speaks OCPP 2.x; see `Tongue`."""

    def __init__(self, charger: Charger, subprotocol: str) -> None:
        """
        Make it; from then on the charger keeps its charging profiles as 2.x has them.

        Args:
            charger: whose it is.
            subprotocol: `OCPP_201` or `OCPP_21`.
        """
        self.subprotocol = subprotocol
        dynamic = subprotocol == OCPP_21
        switching = "true" if charger.outlet.any_terminal else "false"
        more = {Name("SmartChargingCtrlr", "ACPhaseSwitchingSupported", None, 1): switching}
        if dynamic:
            more[Name("SmartChargingCtrlr", "SupportsDynamicProfiles")] = "true"
        layers = Layers()
        charger.outlet.profiles = layers
        self._charger = charger
        self._saying = Saying()
        model = DeviceModel(charger.configuration, more)
        self._asked = Asked(charger, model, layers, self._saying, dynamic)

    def boot(self) -> Payload:
        """Write a BootNotification."""
        said = self._charger.boot_payload()
        station = {
            "vendorName": said["chargePointVendor"],
            "model": said["chargePointModel"][:20],
            "serialNumber": said["chargePointSerialNumber"],
            "firmwareVersion": said["firmwareVersion"],
        }
        return {"chargingStation": station, "reason": "PowerUp"}

    def frames(self, message: Message) -> tuple[Frame, ...]:
        """See `Tongue`."""
        return self._saying.frames(message)

    def understood(self, message: Message, answers: tuple[Payload, ...]) -> Payload:
        """See `Tongue`."""
        return self._saying.understood(message, answers)

    def answer(self, action: str, payload: Payload, now_s: float) -> Payload:
        """See `Tongue`."""
        return self._asked.answer("" if action in ONLY_16 else action, payload, now_s)
