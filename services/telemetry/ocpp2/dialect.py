"""The dialects of OCPP 2.0.1 and 2.1, which share nearly all."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from services.telemetry import frames
from services.telemetry.charger import Charger
from services.telemetry.dialect import Call, Dialect
from services.telemetry.frames import METER_VALUES, Code, Payload
from services.telemetry.ocpp2.device_model import DeviceModel
from services.telemetry.ocpp2.hearing import Hearing, read_metered
from services.telemetry.ocpp2.telling import Tongue2
from services.telemetry.ocpp2.upkeep import Upkeep2
from services.telemetry.ocpp2.variables import Variables
from services.telemetry.payloads import CallRefused
from services.telemetry.said import Metered, Replies, Said
from services.telemetry.validation import Schemas, Violation

REQUEST: Final = "Request"

_CODES: Final[Mapping[Code, str]] = {
    Code.FORMATION: "FormatViolation",
    Code.OCCURENCE: "OccurrenceConstraintViolation",
}
"""Error codes that OCPP 2.x spells otherwise than 1.6 does (part 4, section 4.3)."""


@dataclass(frozen=True, slots=True)
class Version:
    """What tells 2.0.1 and 2.1 apart."""

    name: str
    subprotocol: str
    schemas: Schemas
    dynamic_profiles: bool = False
    sends: bool = False
    """There are messages that are not answered (SEND)."""


class Ocpp2:
    """OCPP 2.0.1 or 2.1, as one charger speaks it."""

    def __init__(self, version: Version, known: Callable[[], Charger] = Charger) -> None:
        """
        Make it.

        Args:
            version: which of them.
            known: says what is known of the charger at present; by default nothing.
        """
        self._version = version
        self._known = known
        self._model = DeviceModel()
        self._hearing = Hearing(self._model, known)

    @property
    def name(self) -> str:
        """See `Dialect`."""
        return self._version.name

    @property
    def subprotocol(self) -> str:
        """See `Dialect`."""
        return self._version.subprotocol

    @property
    def sends(self) -> bool:
        """See `Dialect`."""
        return self._version.sends

    def for_one(self, known: Callable[[], Charger]) -> Dialect:
        """See `Dialect`."""
        return Ocpp2(self._version, known)

    def code(self, code: Code) -> str:
        """See `Dialect`."""
        return _CODES.get(code, code)

    def knows(self, action: str) -> bool:
        """See `Dialect`."""
        return action in self._version.schemas.actions

    def understands(self, action: str) -> bool:
        """Tell whether somebody here can do something with a request that comes."""
        return self._hearing.understands(action)

    def violation_of_request(self, action: str, payload: Payload) -> Violation | None:
        """See `Dialect`."""
        return self._version.schemas.violation_of_request(action, payload)

    def violation_of_answer(self, action: str, payload: Payload) -> Violation | None:
        """See `Dialect`."""
        return self._version.schemas.violation_of_answer(action, payload)

    def hear(self, action: str, payload: Payload) -> tuple[Said, ...] | None:
        """See `Dialect`."""
        return self._hearing.hear(action, payload)

    def plain_readings(self, data: bytes) -> tuple[str, Metered] | None:
        """See `Dialect`."""
        call = frames.parse(data)
        if not isinstance(call, frames.Call) or call.action != METER_VALUES:
            return None
        if self.violation_of_request(call.action, call.payload) is not None:
            return None
        try:
            metered = read_metered(call.payload)
        except CallRefused:
            return None
        return None if metered.signed else (call.message_id, metered)

    def answer(self, action: str, replies: Replies) -> Payload:
        """See `Dialect`."""
        return self._hearing.answer(action, replies)

    def tongue(self, call: Call) -> Tongue2:
        """See `Dialect`."""
        dynamic = self._version.dynamic_profiles
        return Tongue2(call, Variables(call, self._model), dynamic=dynamic)

    def upkeep(self, call: Call) -> Upkeep2:
        """See `Dialect`."""
        return Upkeep2(call, Variables(call, self._model), self._known)


OCPP_201: Final = Ocpp2(Version("OCPP 2.0.1", "ocpp2.0.1", Schemas("v201", REQUEST)))
OCPP_21: Final = Ocpp2(
    Version("OCPP 2.1", "ocpp2.1", Schemas("v21", REQUEST), dynamic_profiles=True, sends=True)
)
