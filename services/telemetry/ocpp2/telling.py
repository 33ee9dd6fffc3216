"""What chargers are told by OCPP 2.x."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import count
from typing import Final

from services.telemetry.charger import ACCEPTED, Session
from services.telemetry.dialect import Call, NotTaken, Rhythm
from services.telemetry.frames import Payload
from services.telemetry.lists import Capacity, Update
from services.telemetry.ocpp2 import settings
from services.telemetry.ocpp2.answers import CENTRAL, id_token_info
from services.telemetry.ocpp2.limiting import Limiting
from services.telemetry.ocpp2.variables import Variables
from services.telemetry.payloads import CONNECTOR, written
from services.telemetry.said import Standing
from services.telemetry.ways import Abilities, Limit, Span, Wording

EVSE: Final = CONNECTOR
"""A charger here has one EVSE with one connector; EVSE 0 is the charger itself."""
AT_CONNECTOR: Final[Payload] = {"id": EVSE, "connectorId": CONNECTOR}
CARD: Final = "ISO14443"
"""The type of the idToken of a card whose reader we do not know."""
OURS: Final = ("APP-", "RES-")
"""With what the tags begin that we make: for sessions from the app, and for reservations."""
STATION: Final = "ChargingStationCertificate"


class Tongue2:
    """Tells one connected charger what we want of it; see `Tongue`."""

    def __init__(self, call: Call, variables: Variables, *, dynamic: bool) -> None:
        """
        Make it.

        Args:
            call: asks the charger.
            variables: of the charger.
            dynamic: this version knows dynamic profiles; whether the charger does is asked.
        """
        self._call = call
        self._limiting = Limiting(call, variables)
        self.variables = variables
        self._dynamic = dynamic
        self._numbers = count(1)

    async def _asked(self, action: str, payload: Payload) -> str:
        return str((await self._call(action, payload))["status"])

    # --- Limits ---

    def tellable(self, _: Sequence[int] | None) -> bool:
        """See `Tongue`. There is phaseToUse; whether the charger knows it is asked when it is needed."""
        return True

    async def put_fail_safe(self, fail_safe_a: float) -> str:
        """See `Tongue`."""
        return await self._limiting.put_fail_safe(fail_safe_a)

    async def put_limit(
        self, limit_a: float, valid_until: datetime, terminals: Sequence[int] | None = None
    ) -> str:
        """See `Tongue`."""
        return await self._limiting.put_limit(limit_a, valid_until, terminals)

    async def put_in_one(self, fail_safe_a: float, limit: Limit | None) -> str:
        """See `Tongue`."""
        return await self._limiting.put_in_one(fail_safe_a, limit)

    def word_by(self, wording: Wording) -> None:
        """See `Tongue`."""
        self._limiting.word_by(wording)

    async def abilities(self) -> Abilities:
        """See `Tongue`."""
        return await self._limiting.abilities()

    async def schedule(self, duration_s: int) -> Sequence[Span] | None:
        """See `Tongue`."""
        return await self._limiting.schedule(duration_s)

    async def end_limit(self) -> str:
        """See `Tongue`."""
        return await self._limiting.end_limit()

    # --- Manners ---

    async def configure(self, rhythm: Rhythm) -> Sequence[NotTaken]:
        """See `Tongue`."""
        not_taken = await self.variables.set_all(settings.configuration(rhythm))
        if self._dynamic:
            asked = settings.DYNAMIC_PROFILES
            have = await self.variables.values([asked])
            self._limiting.dynamic = have.get(asked, "").lower() == "true"
        return not_taken

    async def set_manners(self, *, authentication_required: bool) -> Sequence[NotTaken]:
        """See `Tongue`."""
        manners = settings.offline_manners(authentication_required=authentication_required)
        return await self.variables.set_all(manners)

    async def ask_to_boot(self) -> str:
        """See `Tongue`."""
        return await self._asked("TriggerMessage", {"requestedMessage": "BootNotification"})

    async def ask_status(self) -> str:
        """See `Tongue`. A connector is merely occupied; how its transaction goes is asked besides."""
        asked = {"requestedMessage": "StatusNotification", "evse": AT_CONNECTOR}
        status = await self._asked("TriggerMessage", asked)
        if status == ACCEPTED:
            asked = {"requestedMessage": "TransactionEvent", "evse": {"id": EVSE}}
            await self._asked("TriggerMessage", asked)
        return status

    async def ask_alive(self) -> str:
        """See `Tongue`."""
        return await self._asked("TriggerMessage", {"requestedMessage": "Heartbeat"})

    # --- Sessions ---

    async def begin(self, tag: str) -> str:
        """See `Tongue`."""
        asked = {
            "evseId": EVSE,
            "idToken": token_of(tag),
            "remoteStartId": next(self._numbers),
        }
        return await self._asked("RequestStartTransaction", asked)

    async def end(self, session: Session) -> str:
        """See `Tongue`."""
        return await self._asked("RequestStopTransaction", {"transactionId": session.name})

    # --- Drivers it lets in offline ---

    async def list_capacity(self) -> Capacity | None:
        """See `Tongue`."""
        have = await self.variables.values([settings.LIST_ITEMS_MAX])
        items = have.get(settings.LIST_ITEMS_MAX)
        if items is None:
            return None
        entries = await self.variables.report_of(settings.LIST_ENTRIES)
        return settings.capacity_of(entries, items)

    async def list_version(self) -> int:
        """See `Tongue`."""
        return int((await self._call("GetLocalListVersion", {}))["versionNumber"])

    async def send_list(self, update: Update, entries: Mapping[str, Standing]) -> str:
        """See `Tongue`. An empty list is one without entries (D01.FR.04), not one with none."""
        sent: Payload = {"versionNumber": update.version, "updateType": update.kind}
        if entries:
            sent["localAuthorizationList"] = _entries(entries.items())
        return await self._asked("SendLocalList", sent)

    # --- Firmware and secrets ---

    async def update_firmware(self, location: str, retrieve_at: datetime) -> str:
        """See `Tongue`."""
        firmware = {"location": location, "retrieveDateTime": written(retrieve_at)}
        asked = {"requestId": next(self._numbers), "firmware": firmware}
        return await self._asked("UpdateFirmware", asked)

    async def set_password(self, password: str) -> str:
        """See `Tongue`."""
        return await self.variables.set_one(settings.BASIC_AUTH_PASSWORD, password)

    async def ask_for_certificate(self) -> str:
        """See `Tongue`."""
        asked = {"requestedMessage": "SignChargingStationCertificate"}
        return await self._asked("TriggerMessage", asked)

    async def hand_certificate(self, chain: str) -> str:
        """See `Tongue`."""
        asked = {"certificateChain": chain, "certificateType": STATION}
        return await self._asked("CertificateSigned", asked)


def token_of(number: str) -> Payload:
    """
    Write an IdTokenType: of a card, or of what we have made in place of one.

    >>> token_of("APP-00112233")["type"], token_of("04A2")["type"]
    ('Central', 'ISO14443')
    """
    return {"idToken": number, "type": CENTRAL if number.startswith(OURS) else CARD}


def _entries(entries: Iterable[tuple[str, Standing]]) -> list[Payload]:
    return [
        {
            "idToken": token_of(number),
            "idTokenInfo": id_token_info(standing),
        }
        for number, standing in entries
    ]
