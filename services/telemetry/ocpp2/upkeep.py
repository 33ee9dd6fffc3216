"""What chargers are told and asked of their hardware by OCPP 2.x."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

from services.telemetry.charger import Charger
from services.telemetry.dialect import Call
from services.telemetry.frames import Payload
from services.telemetry.ocpp2.answers import CENTRAL
from services.telemetry.ocpp2.device_model import Variable
from services.telemetry.ocpp2.kept import kept
from services.telemetry.ocpp2.telling import AT_CONNECTOR, EVSE, token_of
from services.telemetry.ocpp2.variables import Variables
from services.telemetry.payloads import CONNECTOR, written
from services.telemetry.upkeep import DataAnswer, Root, Setting, SignedFirmware, Upload
from shared.messages.upkeep import CertificateUse, LogKind, Trigger

SECURITY_PROFILE: Final = Variable("SecurityCtrlr", "SecurityProfile")
UNKNOWN: Final = frozenset({"UnknownComponent", "UnknownVariable"})
NOT_SUPPORTED: Final = "NotSupported"

TRIGGERS: Final[dict[Trigger, Payload]] = {
    Trigger.BOOT: {"requestedMessage": "BootNotification"},
    Trigger.STATUS: {"requestedMessage": "StatusNotification", "evse": AT_CONNECTOR},
    Trigger.READINGS: {"requestedMessage": "MeterValues", "evse": {"id": EVSE}},
    Trigger.HEARTBEAT: {"requestedMessage": "Heartbeat"},
    Trigger.FIRMWARE: {"requestedMessage": "FirmwareStatusNotification"},
    Trigger.DIAGNOSTICS: {"requestedMessage": "LogStatusNotification"},
    Trigger.SECURITY_LOG: {"requestedMessage": "LogStatusNotification"},
}
LOGS: Final = {LogKind.DIAGNOSTICS: "DiagnosticsLog", LogKind.SECURITY: "SecurityLog"}
USES: Final = {
    CertificateUse.CENTRAL_SYSTEM: "CSMSRootCertificate",
    CertificateUse.MANUFACTURER: "ManufacturerRootCertificate",
}
BY_NAME: Final = {name: use for use, name in USES.items()}


class Upkeep2:
    """Tells one connected charger what people ask of its hardware; see `Upkeep`."""

    def __init__(self, call: Call, variables: Variables, known: Callable[[], Charger]) -> None:
        """
        Make it.

        Args:
            call: asks the charger.
            variables: of the charger.
            known: says what is known of it at present.
        """
        self._call = call
        self._variables = variables
        self._known = known

    async def _asked(self, action: str, payload: Payload) -> str:
        return str((await self._call(action, payload))["status"])

    # --- What it does ---

    async def restart(self, *, hard: bool) -> str:
        """See `Upkeep`. An immediate reset ends transactions in order (B12); one on idle would wait."""
        at_once = hard or self._known().session is not None
        return await self._asked("Reset", {"type": "Immediate" if at_once else "OnIdle"})

    async def unlock(self) -> str:
        """See `Upkeep`."""
        asked = {"evseId": EVSE, "connectorId": CONNECTOR}
        return await self._asked("UnlockConnector", asked)

    async def change_availability(self, *, in_use: bool) -> str:
        """See `Upkeep`."""
        status = "Operative" if in_use else "Inoperative"
        return await self._asked("ChangeAvailability", {"operationalStatus": status})

    async def clear_cache(self) -> str:
        """See `Upkeep`."""
        return await self._asked("ClearCache", {})

    async def trigger(self, trigger: Trigger) -> str:
        """See `Upkeep`."""
        return await self._asked("TriggerMessage", TRIGGERS[trigger])

    async def send_data(self, vendor: str, message: str | None, data: str | None) -> DataAnswer:
        """See `Upkeep`."""
        asked = _without_none(vendorId=vendor, messageId=message, data=data)
        answer = await self._call("DataTransfer", asked)
        told = answer.get("data")
        return DataAnswer(str(answer["status"]), None if told is None else str(told))

    # --- Its settings: variables, spelled Component.Variable ---

    def kept(self, key: str) -> str | None:
        """See `Upkeep`."""
        return kept(key)

    async def settings(self, keys: Sequence[str]) -> Sequence[Setting]:
        """See `Upkeep`."""
        if keys:
            return await self._some_settings(keys)
        shown = await self._variables.report()
        return [
            Setting(str(variable), it.value, fixed=not it.writable)
            for variable, it in sorted(shown.items(), key=lambda it: str(it[0]))
        ]

    async def _some_settings(self, keys: Sequence[str]) -> Sequence[Setting]:
        wanted = {key: variable for key in keys if (variable := _variable(key)) is not None}
        have = await self._variables.values(list(wanted.values()))
        return [
            Setting(key, have[variable])
            if (variable := wanted.get(key)) in have
            else Setting(key, known=False)
            for key in keys
        ]

    async def set_one(self, key: str, value: str) -> str:
        """See `Upkeep`."""
        variable = _variable(key)
        if variable is None:
            return NOT_SUPPORTED
        status = await self._variables.set_one(variable, value)
        return NOT_SUPPORTED if status in UNKNOWN else status

    async def security_profile(self) -> int:
        """See `Upkeep`."""
        value = (await self._variables.values([SECURITY_PROFILE])).get(SECURITY_PROFILE, "")
        return int(value) if value.isdecimal() else 0

    async def raise_security_profile(self, _: int, /) -> str:
        """See `Upkeep`. It goes with the address in a network profile, which an installer sets (A05)."""
        return NOT_SUPPORTED

    # --- For whom it is kept ---

    async def reserve(
        self, reservation_id: int, tag: str, parent: str | None, until: datetime
    ) -> str:
        """See `Upkeep`."""
        group = None if parent is None else {"idToken": parent, "type": CENTRAL}
        asked = _without_none(
            id=reservation_id,
            expiryDateTime=written(until),
            idToken=token_of(tag),
            evseId=EVSE,
            groupIdToken=group,
        )
        return await self._asked("ReserveNow", asked)

    async def cancel_reservation(self, reservation_id: int) -> str:
        """See `Upkeep`."""
        return await self._asked("CancelReservation", {"reservationId": reservation_id})

    # --- Records and firmware ---

    async def send_records(
        self,
        log: LogKind,
        location: str,
        request_id: int,
        since: datetime | None,
        until: datetime | None,
    ) -> Upload:
        """See `Upkeep`."""
        about = _without_none(
            remoteLocation=location,
            oldestTimestamp=_written(since),
            latestTimestamp=_written(until),
        )
        asked = {"logType": LOGS[log], "requestId": request_id, "log": about}
        answer = await self._call("GetLog", asked)
        return Upload(str(answer["status"]), answer.get("filename"))

    async def update_signed_firmware(self, request_id: int, firmware: SignedFirmware) -> str:
        """See `Upkeep`."""
        about = _without_none(
            location=firmware.location,
            retrieveDateTime=written(firmware.retrieve_at),
            installDateTime=_written(firmware.install_at),
            signingCertificate=firmware.certificate,
            signature=firmware.signature,
        )
        return await self._asked("UpdateFirmware", {"requestId": request_id, "firmware": about})

    # --- Whom it trusts ---

    async def install_root(self, use: CertificateUse, certificate: str) -> str:
        """See `Upkeep`."""
        asked = {"certificateType": USES[use], "certificate": certificate}
        return await self._asked("InstallCertificate", asked)

    async def roots(self) -> Sequence[Root]:
        """See `Upkeep`."""
        asked = {"certificateType": list(USES.values())}
        answer = await self._call("GetInstalledCertificateIds", asked)
        return [
            _root(BY_NAME[it["certificateType"]], it["certificateHashData"])
            for it in answer.get("certificateHashDataChain", ())
            if it["certificateType"] in BY_NAME
        ]

    async def delete_root(self, root: Root) -> str:
        """See `Upkeep`."""
        about = {
            "hashAlgorithm": root.algorithm,
            "issuerNameHash": root.issuer_name_hash,
            "issuerKeyHash": root.issuer_key_hash,
            "serialNumber": root.number,
        }
        return await self._asked("DeleteCertificate", {"certificateHashData": about})


def _root(use: CertificateUse, told: Payload) -> Root:
    return Root(
        use,
        str(told["serialNumber"]),
        str(told["hashAlgorithm"]),
        str(told["issuerNameHash"]),
        str(told["issuerKeyHash"]),
    )


def _variable(key: str) -> Variable | None:
    try:
        return Variable.spelled(key)
    except ValueError:
        return None


def _written(moment: datetime | None) -> str | None:
    return None if moment is None else written(moment)


def _without_none(**fields: Any) -> Payload:  # noqa: ANN401  # whatever a request holds
    return {name: value for name, value in fields.items() if value is not None}
