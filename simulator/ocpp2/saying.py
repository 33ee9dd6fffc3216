"""
What a charger tells by OCPP 2.x.

A transaction has a name of the charger's own, and a number for each of its events; what it tells of its
connector otherwise is only whether something stands there. Messages are put into 2.x words when they are
sent for the first time, in their order, and stay so however often they are sent again.
"""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from shared.ids import new_id
from simulator.configuration import ENERGY
from simulator.ocpp2.words import (
    CHARGING_STATES,
    CONNECTOR_STATUS,
    EVSE,
    STOPPED,
    tag_info,
    token,
)
from simulator.outbox import Message, Transaction
from simulator.payloads import Payload

Frame = tuple[str, Payload]
"""Action and payload of a request."""

TRIGGERED: Final = "Trigger"
TRANSACTIONS_MAX: Final = 1000
"""So many transactions are remembered by name: more than the outbox can hold."""


@dataclass(slots=True)
class _Told:
    """A transaction as the server knows it."""

    transaction: Transaction
    number: int
    name: str
    events: "itertools.count[int]" = field(default_factory=itertools.count)


@dataclass(slots=True)
class Saying:
    """What one charger tells; it survives a lost connection."""

    _transactions: dict[int, _Told] = field(default_factory=dict)
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    _present: _Told | None = None
    _connector: str | None = None
    """What was told of the connector last."""
    _state: str = "EVConnected"
    remote_ids: dict[str, int] = field(default_factory=dict)
    """By which number the server has asked for a session with a tag."""

    def name_of(self, transaction: Transaction) -> str | None:
        """Name a transaction; none if its start was not told yet."""
        told = self._transactions.get(id(transaction))
        return None if told is None else told.name

    def frames(self, message: Message) -> tuple[Frame, ...]:
        """Put a message into words; none: there is nothing to say of it in 2.x."""
        if message.frames is None:
            say = _SAID.get(message.action)
            message.frames = (
                ((message.action, message.payload),) if say is None else say(self, message)
            )
        return message.frames

    def understood(self, message: Message, answers: tuple[Payload, ...]) -> Payload:
        """Read the answers to a message's frames."""
        answer = answers[0] if answers else {}
        if message.action == "Authorize":
            return {"idTagInfo": tag_info(answer.get("idTokenInfo"))}
        if message.action == "StartTransaction" and message.transaction is not None:
            told = self._transactions[id(message.transaction)]
            info = tag_info(answer.get("idTokenInfo"))
            return {"transactionId": told.number, "idTagInfo": info}
        return answer

    # --- Connectors and states ---

    def _status(self, message: Message) -> tuple[Frame, ...]:
        payload = message.payload
        if payload["connectorId"] == 0:
            return ()
        frames: list[Frame] = []
        status = payload["status"]
        connector = CONNECTOR_STATUS.get(status, status)
        if connector != self._connector or message.triggered:
            self._connector = connector
            notice = {
                "timestamp": payload["timestamp"],
                "connectorStatus": connector,
                "evseId": 1,
                "connectorId": 1,
            }
            frames.append(("StatusNotification", notice))
        if self._present is not None and status in CHARGING_STATES and status != self._state:
            self._state = status
            at = payload["timestamp"]
            frames.append(self._event(message, "Updated", "ChargingStateChanged", at))
        return tuple(frames)

    # --- Transactions ---

    def _authorize(self, message: Message) -> tuple[Frame, ...]:
        return (("Authorize", {"idToken": token(message.payload["idTag"])}),)

    def _start(self, message: Message) -> tuple[Frame, ...]:
        if message.transaction is None:
            raise ValueError("a transaction starts with its message")
        while len(self._transactions) >= TRANSACTIONS_MAX:
            self._transactions.pop(next(iter(self._transactions)))
        told = _Told(message.transaction, next(self._numbers), new_id())
        self._transactions[id(message.transaction)] = self._present = told
        self._state = "EVConnected"
        said, tag = message.payload, message.payload["idTag"]
        remote = self.remote_ids.pop(tag, None)
        trigger = "Authorized" if remote is None else "RemoteStart"
        info = {} if remote is None else {"remoteStartId": remote}
        frame = self._event(
            message,
            "Started",
            trigger,
            said["timestamp"],
            info=info,
            more={
                "evse": EVSE,
                "idToken": token(tag) if remote is None else _central(tag),
                "meterValue": [_register(said, "meterStart", "Transaction.Begin")],
            },
        )
        return (frame,)

    def _reading(self, message: Message) -> tuple[Frame, ...]:
        values = [_value(it) for it in message.payload["meterValue"]]
        if message.transaction is None:
            return (("MeterValues", {"evseId": 1, "meterValue": values}),)
        trigger = TRIGGERED if message.triggered else "MeterValuePeriodic"
        at = values[0]["timestamp"]
        frame = self._event(message, "Updated", trigger, at, more={"meterValue": values})
        return (frame,)

    def _stop(self, message: Message) -> tuple[Frame, ...]:
        said = message.payload
        stopped, trigger = STOPPED.get(said["reason"], ("Other", "AbnormalCondition"))
        self._state = "Idle" if stopped == "EVDisconnected" else "EVConnected"
        frame = self._event(
            message,
            "Ended",
            trigger,
            said["timestamp"],
            info={"stoppedReason": stopped},
            more={"meterValue": [_register(said, "meterStop", "Transaction.End")]},
        )
        self._present = None
        return (frame,)

    def _event(
        self,
        message: Message,
        kind: str,
        trigger: str,
        at: str,
        info: Mapping[str, Any] | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> Frame:
        told = self._present
        if message.transaction is not None:
            told = self._transactions[id(message.transaction)]
        if told is None:
            raise ValueError("an event belongs to a transaction")
        event: Payload = {
            "eventType": kind,
            "timestamp": at,
            "triggerReason": trigger,
            "seqNo": next(told.events),
            "offline": message.offline,
            "transactionInfo": {
                "transactionId": told.name,
                "chargingState": self._state,
                **(info or {}),
            },
            **(more or {}),
        }
        return "TransactionEvent", event

    # --- Upkeep ---

    def _firmware(self, message: Message) -> tuple[Frame, ...]:
        return (("FirmwareStatusNotification", {"requestId": 1, **message.payload}),)

    def _signed_firmware(self, message: Message) -> tuple[Frame, ...]:
        return (("FirmwareStatusNotification", message.payload),)

    def _diagnostics(self, message: Message) -> tuple[Frame, ...]:
        status = message.payload["status"]
        spelled = {"UploadFailed": "UploadFailure"}.get(status, status)
        return (("LogStatusNotification", {"status": spelled, "requestId": 1}),)

    def _certificate(self, message: Message) -> tuple[Frame, ...]:
        kind = {"certificateType": "ChargingStationCertificate"}
        return (("SignCertificate", message.payload | kind),)


def _central(tag: str) -> Payload:
    return {"idToken": tag, "type": "Central"}


def _register(said: Payload, field_: str, context: str) -> Payload:
    value = {"value": said[field_], "context": context, "measurand": ENERGY}
    unit = {"unitOfMeasure": {"unit": "Wh"}}
    return {"timestamp": said["timestamp"], "sampledValue": [value | unit]}


def _value(meter_value: Payload) -> Payload:
    return {
        "timestamp": meter_value["timestamp"],
        "sampledValue": [_sampled(it) for it in meter_value["sampledValue"]],
    }


def _sampled(value: Payload) -> Payload:
    """Write a sampled value: numbers are numbers in 2.x, and units have a place of their own."""
    kept = {key: it for key, it in value.items() if key not in {"unit", "value", "format"}}
    return {
        **kept,
        "value": float(value["value"]),
        "unitOfMeasure": {"unit": value["unit"]},
    }


_SAID: Final[Mapping[str, Callable[[Saying, Message], tuple[Frame, ...]]]] = {
    "StatusNotification": Saying._status,
    "Authorize": Saying._authorize,
    "StartTransaction": Saying._start,
    "MeterValues": Saying._reading,
    "StopTransaction": Saying._stop,
    "FirmwareStatusNotification": Saying._firmware,
    "DiagnosticsStatusNotification": Saying._diagnostics,
    "SignCertificate": Saying._certificate,
    "SignedFirmwareStatusNotification": Saying._signed_firmware,
}
"""The others are called the same and hold the same."""
