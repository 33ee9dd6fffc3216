"""What chargers say by OCPP 2.x, and what they are answered."""

import json
from collections.abc import Callable
from typing import Final

from services.telemetry.charger import Charger
from services.telemetry.frames import METER_VALUES, Payload
from services.telemetry.ocpp2.answers import ANSWERED_ALWAYS, answer
from services.telemetry.ocpp2.device_model import DeviceModel
from services.telemetry.ocpp2.events import statuses
from services.telemetry.ocpp2.meter_values import metering
from services.telemetry.ocpp2.transactions import Transactions, card_in
from services.telemetry.ocpp2.words import (
    FAULTED,
    NO_ERROR,
    OTHER_ERROR,
    connector_status,
)
from services.telemetry.payloads import moment_of
from services.telemetry.said import (
    Alive,
    Booted,
    CardShown,
    CertificateAsked,
    DataSent,
    DiagnosticsSaid,
    FirmwareSaid,
    Metered,
    Replies,
    Said,
    SecuritySaid,
    StatusSaid,
)

STATION: Final = "ChargingStationCertificate"
ACCEPTED: Final = {"status": "Accepted"}

Heard = tuple[Said, ...]


class Hearing:
    """Reads the requests of one connection."""

    def __init__(self, model: DeviceModel, known: Callable[[], Charger]) -> None:
        """
        Make it.

        Args:
            model: where the charger's variables are kept.
            known: says what is known of the charger at present.
        """
        self._model = model
        self._known = known
        self._transactions = Transactions()
        self._token_shown = False
        self._read: Final[dict[str, Callable[[Payload], Heard]]] = {
            "BootNotification": _booted,
            "Heartbeat": _alive,
            "StatusNotification": self._status,
            "NotifyEvent": self._event,
            "Authorize": _card,
            "TransactionEvent": self._transaction,
            METER_VALUES: _metered,
            "FirmwareStatusNotification": _firmware,
            "LogStatusNotification": _upload,
            "SecurityEventNotification": _security,
            "SignCertificate": _certificate,
            "DataTransfer": _data,
            "NotifyReport": self._report,
        }

    def understands(self, action: str) -> bool:
        """Tell whether somebody here can do something with a request."""
        return action in self._read or action in ANSWERED_ALWAYS

    def hear(self, action: str, payload: Payload) -> Heard | None:
        """
        Read a request that fits its schema; none if nothing here can do anything with it.

        Raises:
            CallRefused: a field is impossible.
        """
        self._token_shown = "idToken" in payload
        read = self._read.get(action)
        if read is not None:
            return read(payload)
        return () if action in ANSWERED_ALWAYS else None

    def answer(self, action: str, replies: Replies) -> Payload:
        """Write the answer to the request that was heard last, from the replies to what it said."""
        written = answer(action, replies)
        if not self._token_shown and written.get("idTokenInfo") == ACCEPTED:
            del written["idTokenInfo"]  # it is told of an idToken (E05), or against nobody's
        return written

    def _status(self, payload: Payload) -> Heard:
        known, said = self._known(), payload["connectorStatus"]
        status = connector_status(said, known.status, session=known.session is not None)
        if status is None:
            return ()
        error = OTHER_ERROR if status == FAULTED else NO_ERROR
        return (StatusSaid(payload["evseId"], status, error, at=moment_of(payload)),)

    def _event(self, payload: Payload) -> Heard:
        return statuses(payload["eventData"], self._known())

    def _transaction(self, payload: Payload) -> Heard:
        return self._transactions.hear(payload, self._known())

    def _report(self, payload: Payload) -> Heard:
        self._model.take_report(payload)
        return ()


def _booted(payload: Payload) -> Heard:
    station = payload["chargingStation"]
    return (Booted(station["vendorName"], station["model"], station.get("firmwareVersion")),)


def _alive(_: Payload) -> Heard:
    return (Alive(),)


def _card(payload: Payload) -> Heard:
    return (CardShown(card_in(payload["idToken"]) or ""),)


def _metered(payload: Payload) -> Heard:
    return (read_metered(payload),)


def read_metered(payload: Payload) -> Metered:
    """
    Read a MeterValues.

    Raises:
        CallRefused: a timestamp is none.
    """
    samples = metering(payload["meterValue"], "meterValue").samples
    return Metered(payload["evseId"], None, samples)


def _firmware(payload: Payload) -> Heard:
    return (FirmwareSaid(payload["status"]),)


def _upload(payload: Payload) -> Heard:
    return (DiagnosticsSaid(payload["status"]),)


def _security(payload: Payload) -> Heard:
    return (SecuritySaid(payload["type"], moment_of(payload), payload.get("techInfo")),)


def _certificate(payload: Payload) -> Heard:
    """Certificates for cars (ISO 15118) are not ours to sign: nothing is said, and that is refused."""
    if payload.get("certificateType", STATION) != STATION:
        return ()
    return (CertificateAsked(payload["csr"]),)


def _data(payload: Payload) -> Heard:
    data = payload.get("data")
    text = data if data is None or isinstance(data, str) else json.dumps(data)
    return (DataSent(payload["vendorId"], payload.get("messageId"), text),)
