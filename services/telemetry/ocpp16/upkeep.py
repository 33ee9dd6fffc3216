"""What chargers are asked of their hardware by OCPP 1.6 and its security whitepaper (edition 3)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from services.telemetry.charger import ACCEPTED
from services.telemetry.dialect import Call
from services.telemetry.frames import Payload
from services.telemetry.ocpp16.kept import kept
from services.telemetry.payloads import CONNECTOR, written
from services.telemetry.upkeep import DataAnswer, Root, Setting, SignedFirmware, Upload
from shared.messages.upkeep import CertificateUse, LogKind, Trigger

WHOLE: Final = 0
"""The connector id that means all of the charger."""
SECURITY_PROFILE: Final = "SecurityProfile"

TRIGGERS: Final = {
    Trigger.BOOT: "BootNotification",
    Trigger.STATUS: "StatusNotification",
    Trigger.READINGS: "MeterValues",
    Trigger.HEARTBEAT: "Heartbeat",
    Trigger.FIRMWARE: "FirmwareStatusNotification",
    Trigger.DIAGNOSTICS: "DiagnosticsStatusNotification",
    Trigger.SECURITY_LOG: "LogStatusNotification",
}
ABOUT_CONNECTOR: Final = frozenset({Trigger.STATUS, Trigger.READINGS})
EXTENDED: Final = frozenset({Trigger.SECURITY_LOG})
"""What only ExtendedTriggerMessage asks for."""

USES: Final = {
    CertificateUse.CENTRAL_SYSTEM: "CentralSystemRootCertificate",
    CertificateUse.MANUFACTURER: "ManufacturerRootCertificate",
}


class Upkeep16:
    """Tells one connected charger what people ask of its hardware; see `Upkeep`."""

    def __init__(self, call: Call) -> None:
        self._call = call

    async def _asked(self, action: str, payload: Payload) -> str:
        return str((await self._call(action, payload))["status"])

    # --- What it does ---

    async def restart(self, *, hard: bool) -> str:
        """See `Upkeep`."""
        return await self._asked("Reset", {"type": "Hard" if hard else "Soft"})

    async def unlock(self) -> str:
        """See `Upkeep`."""
        return await self._asked("UnlockConnector", {"connectorId": CONNECTOR})

    async def change_availability(self, *, in_use: bool) -> str:
        """See `Upkeep`."""
        kind = "Operative" if in_use else "Inoperative"
        return await self._asked("ChangeAvailability", {"connectorId": WHOLE, "type": kind})

    async def clear_cache(self) -> str:
        """See `Upkeep`."""
        return await self._asked("ClearCache", {})

    async def trigger(self, trigger: Trigger) -> str:
        """See `Upkeep`."""
        asked: Payload = {"requestedMessage": TRIGGERS[trigger]}
        if trigger in ABOUT_CONNECTOR:
            asked["connectorId"] = CONNECTOR
        action = "ExtendedTriggerMessage" if trigger in EXTENDED else "TriggerMessage"
        return await self._asked(action, asked)

    async def send_data(self, vendor: str, message: str | None, data: str | None) -> DataAnswer:
        """See `Upkeep`."""
        asked = _without_none(vendorId=vendor, messageId=message, data=data)
        answer = await self._call("DataTransfer", asked)
        return DataAnswer(str(answer["status"]), answer.get("data"))

    # --- Its settings ---

    def kept(self, key: str) -> str | None:
        """See `Upkeep`."""
        return kept(key)

    async def settings(self, keys: Sequence[str]) -> Sequence[Setting]:
        """See `Upkeep`."""
        answer = await self._call("GetConfiguration", {"key": list(keys)} if keys else {})
        told = [
            Setting(it["key"], it.get("value"), it["readonly"])
            for it in answer.get("configurationKey", ())
        ]
        return [*told, *(Setting(it, known=False) for it in answer.get("unknownKey", ()))]

    async def set_one(self, key: str, value: str) -> str:
        """See `Upkeep`."""
        return await self._asked("ChangeConfiguration", {"key": key, "value": value})

    async def security_profile(self) -> int:
        """See `Upkeep`."""
        told = {it.key: it.value or "" for it in await self.settings([SECURITY_PROFILE])}
        value = told.get(SECURITY_PROFILE, "")
        return int(value) if value.isdecimal() else 0

    async def raise_security_profile(self, profile: int) -> str:
        """See `Upkeep`."""
        return await self.set_one(SECURITY_PROFILE, str(profile))

    # --- For whom it is kept ---

    async def reserve(
        self, reservation_id: int, tag: str, parent: str | None, until: datetime
    ) -> str:
        """See `Upkeep`."""
        asked = _without_none(
            connectorId=CONNECTOR,
            expiryDate=written(until),
            idTag=tag,
            parentIdTag=parent,
            reservationId=reservation_id,
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
        """See `Upkeep`. Diagnostics are asked for by the older request, which all chargers know."""
        begins, ends = _written(since), _written(until)
        if log is LogKind.DIAGNOSTICS:
            asked = _without_none(location=location, startTime=begins, stopTime=ends)
            name = (await self._call("GetDiagnostics", asked)).get("fileName")
            return Upload(ACCEPTED, name)
        about = _without_none(
            remoteLocation=location, oldestTimestamp=begins, latestTimestamp=ends
        )
        asked = {"logType": "SecurityLog", "requestId": request_id, "log": about}
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
        asked = {"requestId": request_id, "firmware": about}
        return await self._asked("SignedUpdateFirmware", asked)

    # --- Whom it trusts ---

    async def install_root(self, use: CertificateUse, certificate: str) -> str:
        """See `Upkeep`."""
        asked = {"certificateType": USES[use], "certificate": certificate}
        return await self._asked("InstallCertificate", asked)

    async def roots(self) -> Sequence[Root]:
        """See `Upkeep`."""
        return [it for use in CertificateUse for it in await self._roots_for(use)]

    async def _roots_for(self, use: CertificateUse) -> Sequence[Root]:
        asked = {"certificateType": USES[use]}
        answer = await self._call("GetInstalledCertificateIds", asked)
        return [
            Root(
                use,
                str(it["serialNumber"]),
                str(it["hashAlgorithm"]),
                str(it["issuerNameHash"]),
                str(it["issuerKeyHash"]),
            )
            for it in answer.get("certificateHashData", ())
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


def _written(moment: datetime | None) -> str | None:
    return None if moment is None else written(moment)


def _without_none(**fields: Any) -> Payload:  # noqa: ANN401  # whatever a request holds
    return {name: value for name, value in fields.items() if value is not None}
