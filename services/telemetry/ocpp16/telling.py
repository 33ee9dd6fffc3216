"""What chargers are told by OCPP 1.6."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from services.telemetry.calls import status_of
from services.telemetry.charger import ACCEPTED, Session
from services.telemetry.dialect import Call, NotTaken, Rhythm
from services.telemetry.frames import Payload
from services.telemetry.lists import Capacity, Update
from services.telemetry.ocpp16 import profiles, settings
from services.telemetry.ocpp16.hearing import id_tag_info
from services.telemetry.payloads import CONNECTOR, written
from services.telemetry.said import Standing
from services.telemetry.ways import Abilities, Limit, Span, Wording

SIGN: Final = "SignChargePointCertificate"


class Tongue16:
    """Tells one connected charger what we want of it; see `Tongue`."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._wording = profiles.PLAIN

    async def _asked(self, action: str, payload: Payload) -> str:
        """Ask; an answer without a status (UpdateFirmware has none) is its consent."""
        return str((await self._call(action, payload)).get("status", ACCEPTED))

    # --- Limits ---

    def tellable(self, terminals: Sequence[int] | None) -> bool:
        """See `Tongue`."""
        return profiles.tellable(terminals)

    async def put_fail_safe(self, fail_safe_a: float) -> str:
        """See `Tongue`."""
        profile = profiles.fail_safe(fail_safe_a, self._wording)
        return await self._asked("SetChargingProfile", profile)

    async def put_limit(
        self, limit_a: float, valid_until: datetime, terminals: Sequence[int] | None = None
    ) -> str:
        """See `Tongue`."""
        profile = profiles.limit(limit_a, valid_until, terminals, self._wording)
        return await self._asked("SetChargingProfile", profile)

    async def end_limit(self) -> str:
        """See `Tongue`."""
        return await self._asked("ClearChargingProfile", profiles.no_limit())

    async def put_in_one(self, fail_safe_a: float, limit: Limit | None) -> str:
        """See `Tongue`."""
        profile = profiles.in_one(fail_safe_a, limit, self._wording)
        return await self._asked("SetChargingProfile", profile)

    def word_by(self, wording: Wording) -> None:
        """See `Tongue`."""
        self._wording = wording

    async def abilities(self) -> Abilities:
        """See `Tongue`."""
        answer = await self._call("GetConfiguration", {"key": list(settings.LIMITING_KEYS)})
        return settings.abilities_in(answer)

    async def schedule(self, duration_s: int) -> tuple[Span, ...] | None:
        """See `Tongue`."""
        asked = profiles.composite(duration_s, self._wording)
        answer = await self._call("GetCompositeSchedule", asked)
        return profiles.spans_in(answer, duration_s, self._wording)

    # --- Manners ---

    async def configure(self, rhythm: Rhythm) -> Sequence[NotTaken]:
        """See `Tongue`."""
        return await self._set(settings.configuration(rhythm))

    async def set_manners(self, *, authentication_required: bool) -> Sequence[NotTaken]:
        """See `Tongue`."""
        manners = settings.offline_manners(authentication_required=authentication_required)
        return await self._set(manners)

    async def _set(self, values: Mapping[str, str]) -> Sequence[NotTaken]:
        return [
            NotTaken(key, status)
            for key, value in values.items()
            if (status := await self._set_one(key, value)) != ACCEPTED
        ]

    async def _set_one(self, key: str, value: str) -> str:
        asked = self._asked("ChangeConfiguration", {"key": key, "value": value})
        return await status_of(asked)

    async def ask_to_boot(self) -> str:
        """See `Tongue`."""
        return await self._asked("TriggerMessage", {"requestedMessage": "BootNotification"})

    async def ask_status(self) -> str:
        """See `Tongue`."""
        asked = {"requestedMessage": "StatusNotification", "connectorId": CONNECTOR}
        return await self._asked("TriggerMessage", asked)

    async def ask_alive(self) -> str:
        """See `Tongue`."""
        return await self._asked("TriggerMessage", {"requestedMessage": "Heartbeat"})

    # --- Sessions ---

    async def begin(self, tag: str) -> str:
        """See `Tongue`."""
        asked = {"connectorId": CONNECTOR, "idTag": tag}
        return await self._asked("RemoteStartTransaction", asked)

    async def end(self, session: Session) -> str:
        """See `Tongue`."""
        asked = {"transactionId": session.transaction_id}
        return await self._asked("RemoteStopTransaction", asked)

    # --- Drivers it lets in offline ---

    async def list_capacity(self) -> Capacity | None:
        """See `Tongue`."""
        answer = await self._call("GetConfiguration", {"key": list(settings.LIST_KEYS)})
        return settings.capacity_in(answer)

    async def list_version(self) -> int:
        """See `Tongue`."""
        return int((await self._call("GetLocalListVersion", {}))["listVersion"])

    async def send_list(self, update: Update, entries: Mapping[str, Standing]) -> str:
        """See `Tongue`."""
        sent = {
            "listVersion": update.version,
            "updateType": update.kind,
            "localAuthorizationList": _entries(entries.items()),
        }
        return await self._asked("SendLocalList", sent)

    # --- Firmware and secrets ---

    async def update_firmware(self, location: str, retrieve_at: datetime) -> str:
        """See `Tongue`."""
        asked = {"location": location, "retrieveDate": written(retrieve_at)}
        return await self._asked("UpdateFirmware", asked)

    async def set_password(self, password: str) -> str:
        """See `Tongue`. Hexadecimal digits, which some chargers send as they are and others as bytes
        (OCPP 1.6 security whitepaper)."""
        asked = {"key": "AuthorizationKey", "value": password}
        return await self._asked("ChangeConfiguration", asked)

    async def ask_for_certificate(self) -> str:
        """See `Tongue`."""
        return await self._asked("ExtendedTriggerMessage", {"requestedMessage": SIGN})

    async def hand_certificate(self, chain: str) -> str:
        """See `Tongue`."""
        return await self._asked("CertificateSigned", {"certificateChain": chain})


def _entries(entries: Iterable[tuple[str, Standing]]) -> list[Payload]:
    return [{"idTag": number, "idTagInfo": id_tag_info(it)} for number, it in entries]
