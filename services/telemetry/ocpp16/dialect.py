"""The dialect of OCPP 1.6J."""

from collections.abc import Callable
from typing import Final

from services.telemetry.charger import Charger
from services.telemetry.dialect import Call, Dialect, Tongue
from services.telemetry.frames import Code, Payload
from services.telemetry.ocpp16 import hearing, plain
from services.telemetry.ocpp16.telling import Tongue16
from services.telemetry.ocpp16.upkeep import Upkeep16
from services.telemetry.said import Metered, Replies, Said
from services.telemetry.upkeep import Upkeep
from services.telemetry.validation import Schemas, Violation

SCHEMAS: Final = Schemas("v16")


class Ocpp16:
    """OCPP 1.6J."""

    name = "OCPP 1.6"
    subprotocol = "ocpp1.6"
    sends = False

    def for_one(self, _: Callable[[], Charger]) -> Dialect:
        """See `Dialect`. Every request says all that it means."""
        return self

    def code(self, code: Code) -> str:
        """See `Dialect`."""
        return code

    def knows(self, action: str) -> bool:
        """See `Dialect`."""
        return action in SCHEMAS.actions

    def violation_of_request(self, action: str, payload: Payload) -> Violation | None:
        """See `Dialect`."""
        return SCHEMAS.violation_of_request(action, payload)

    def violation_of_answer(self, action: str, payload: Payload) -> Violation | None:
        """See `Dialect`."""
        return SCHEMAS.violation_of_answer(action, payload)

    def hear(self, action: str, payload: Payload) -> tuple[Said, ...] | None:
        """See `Dialect`."""
        return hearing.hear(action, payload)

    def plain_readings(self, data: bytes) -> tuple[str, Metered] | None:
        """See `Dialect`."""
        return plain.plain_readings(SCHEMAS, data)

    def answer(self, action: str, replies: Replies) -> Payload:
        """See `Dialect`."""
        return hearing.answer(action, replies)

    def tongue(self, call: Call) -> Tongue:
        """See `Dialect`."""
        return Tongue16(call)

    def upkeep(self, call: Call) -> Upkeep:
        """See `Dialect`."""
        return Upkeep16(call)


OCPP_16: Final = Ocpp16()
