"""
The device model of a charger: what a server may read and set of it by variables (OCPP 2.x, part 1).

Most settings are those that the charger has in OCPP 1.6 as well, under other names. Like real hardware it
sends no readings until somebody asks for them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from simulator.configuration import (
    AUTHORIZATION_KEY,
    AUTHORIZE_OFFLINE,
    AUTHORIZE_REMOTE,
    HEARTBEAT_INTERVAL,
    LIST_ENABLED,
    PING_INTERVAL,
    PRE_AUTHORIZE,
    SAMPLE_INTERVAL,
    SAMPLED_DATA,
    STOP_INVALID,
    STRANGERS_OFFLINE,
    Configuration,
)
from simulator.local_list import ENTRIES_MAX, MESSAGE_MAX
from simulator.payloads import CallRefused, Payload, needed, optional
from simulator.skills import PERIODS_MAX, STACK_LEVEL_MAX

ITEMS_MAX: Final = 6
"""So many variables are taken in one message."""
PART_ITEMS: Final = 10
"""So many variables are told in one part of a report."""


class Name(NamedTuple):
    """Which variable of which component."""

    component: str
    variable: str
    instance: str | None = None
    evse: int | None = None


CONFIGURED: Final[Mapping[Name, str]] = {
    Name("OCPPCommCtrlr", "HeartbeatInterval"): HEARTBEAT_INTERVAL,
    Name("OCPPCommCtrlr", "WebSocketPingInterval"): PING_INTERVAL,
    Name("SampledDataCtrlr", "TxUpdatedInterval"): SAMPLE_INTERVAL,
    Name("SampledDataCtrlr", "TxUpdatedMeasurands"): SAMPLED_DATA,
    Name("AuthCtrlr", "LocalAuthorizeOffline"): AUTHORIZE_OFFLINE,
    Name("AuthCtrlr", "LocalPreAuthorize"): PRE_AUTHORIZE,
    Name("AuthCtrlr", "OfflineTxForUnknownIdEnabled"): STRANGERS_OFFLINE,
    Name("AuthCtrlr", "AuthorizeRemoteStart"): AUTHORIZE_REMOTE,
    Name("LocalAuthListCtrlr", "Enabled"): LIST_ENABLED,
    Name("TxCtrlr", "StopTxOnInvalidId"): STOP_INVALID,
    Name("SecurityCtrlr", "BasicAuthPassword"): AUTHORIZATION_KEY,
}
"""Settings that OCPP 1.6 has as well, by its names."""

PASSWORD: Final = Name("SecurityCtrlr", "BasicAuthPassword")

FIXED: Final[Mapping[Name, str]] = {
    Name("ChargingStation", "VendorName"): "Simulated",
    Name("ChargingStation", "Available"): "true",
    Name("Connector", "ConnectorType", None, 1): "cType2",
    Name("DeviceDataCtrlr", "ItemsPerMessage", "GetReport"): str(ITEMS_MAX),
    Name("DeviceDataCtrlr", "ItemsPerMessage", "GetVariables"): str(ITEMS_MAX),
    Name("DeviceDataCtrlr", "ItemsPerMessage", "SetVariables"): str(ITEMS_MAX),
    Name("LocalAuthListCtrlr", "ItemsPerMessage"): str(MESSAGE_MAX),
    Name("SmartChargingCtrlr", "Enabled"): "true",
    Name("SmartChargingCtrlr", "PeriodsPerSchedule"): str(PERIODS_MAX),
    Name("SmartChargingCtrlr", "ProfileStackLevel"): str(STACK_LEVEL_MAX),
    Name("SmartChargingCtrlr", "RateUnit"): "A",
}
"""Can be read, not written."""

ENTRIES: Final = Name("LocalAuthListCtrlr", "Entries")

CHOICES: Final[Mapping[Name, tuple[str, frozenset[str]]]] = {
    Name("TxCtrlr", "TxStartPoint"): (
        "Authorized",
        frozenset({"Authorized", "PowerPathClosed"}),
    ),
    Name("TxCtrlr", "TxStopPoint"): ("EVConnected", frozenset({"EVConnected", "Authorized"})),
    Name("AuthCacheCtrlr", "Enabled"): ("false", frozenset({"true", "false"})),
    Name("SampledDataCtrlr", "TxStartedMeasurands"): (
        "",
        frozenset({"Energy.Active.Import.Register"}),
    ),
    Name("SampledDataCtrlr", "TxEndedMeasurands"): (
        "",
        frozenset({"Energy.Active.Import.Register"}),
    ),
    Name("SampledDataCtrlr", "TxEndedInterval"): ("0", frozenset({"0"})),
    Name("AlignedDataCtrlr", "Interval"): ("900", frozenset({"0", "900"})),
}
"""Settings of 2.x alone: what they are at first, and the words of which they may be made."""


@dataclass(slots=True)
class DeviceModel:
    """The variables of one charger."""

    configuration: Configuration
    more: Mapping[Name, str] = field(default_factory=dict)
    """What else can be read of it."""
    chosen: dict[Name, str] = field(
        default_factory=lambda: {name: first for name, (first, _) in CHOICES.items()}
    )

    # --- What a server asks ---

    def set_variables(self, payload: Payload) -> Payload:
        """Answer SetVariables (B05)."""
        results = [
            _named(it) | {"attributeStatus": self._set(it)}
            for it in _items(payload, "setVariableData")
        ]
        return {"setVariableResult": results}

    def get_variables(self, payload: Payload) -> Payload:
        """Answer GetVariables (B06)."""
        results = [_named(it) | self._get(it) for it in _items(payload, "getVariableData")]
        return {"getVariableResult": results}

    def reported(self, wanted: Payload | None = None) -> list[list[Payload]]:
        """
        Say all of it, part by part (B07).

        Args:
            wanted: of GetReport: some variables only.
        """
        items = list(self._all())
        if wanted is not None:
            named = [_name(it) for it in optional(wanted, "componentVariable", list) or []]
            items = [it for it in items if _name(it) in named]
        return [items[at : at + PART_ITEMS] for at in range(0, len(items), PART_ITEMS)]

    # --- One variable ---

    def _set(self, item: Payload) -> str:
        name, value = _name(item), needed(item, "attributeValue", str)
        if optional(item, "attributeType", str) not in {None, "Actual"}:
            return "NotSupportedAttributeType"
        if name in CONFIGURED:
            return self.configuration.change(CONFIGURED[name], value)
        if name in CHOICES:
            _, words = CHOICES[name]
            if not set(value.split(",")) <= words:
                return "Rejected"
            self.chosen[name] = value
            return "Accepted"
        if name in FIXED or name in self.more or name == ENTRIES:
            return "Rejected"
        return self._unknown(name)

    def _get(self, item: Payload) -> Payload:
        name = _name(item)
        if name == PASSWORD:
            return {"attributeStatus": "Rejected"}  # it is written, and never read
        value = dict(self._readable()).get(name)
        if value is None:
            return {"attributeStatus": self._unknown(name)}
        return {"attributeStatus": "Accepted", "attributeValue": value}

    def _readable(self) -> Iterator[tuple[Name, str]]:
        for name, key in CONFIGURED.items():
            if name != PASSWORD:
                yield name, self.configuration.values[key]
        yield from self.chosen.items()
        yield from FIXED.items()
        yield from self.more.items()
        yield ENTRIES, "0"

    def _unknown(self, name: Name) -> str:
        components = {it.component for it, _ in self._readable()}
        return "UnknownVariable" if name.component in components else "UnknownComponent"

    def _all(self) -> Iterator[Payload]:
        for name, value in self._readable():
            writable = name in CONFIGURED or name in CHOICES
            item = _spelled(name) | {
                "variableAttribute": [
                    {"value": value, "mutability": "ReadWrite" if writable else "ReadOnly"}
                ]
            }
            if name == ENTRIES:
                item["variableCharacteristics"] = {
                    "dataType": "integer",
                    "maxLimit": ENTRIES_MAX,
                    "supportsMonitoring": False,
                }
            yield item
        yield _spelled(PASSWORD) | {"variableAttribute": [{"mutability": "WriteOnly"}]}


def _items(payload: Payload, field_: str) -> list[dict[str, Any]]:
    items: list[Any] = needed(payload, field_, list)
    if not 1 <= len(items) <= ITEMS_MAX:
        raise CallRefused("OccurenceConstraintViolation", f"{field_}: 1 to {ITEMS_MAX} items")
    if not all(isinstance(it, dict) for it in items):
        raise CallRefused("TypeConstraintViolation", f"{field_} must be a list of objects")
    return items


def _name(item: Mapping[str, Any]) -> Name:
    component, variable = needed(item, "component", dict), needed(item, "variable", dict)
    evse: dict[str, Any] = optional(component, "evse", dict) or {}
    return Name(
        needed(component, "name", str),
        needed(variable, "name", str),
        optional(variable, "instance", str),
        optional(evse, "id", int),
    )


def _named(item: Payload) -> Payload:
    return {"component": item["component"], "variable": item["variable"]}


def _spelled(name: Name) -> Payload:
    component: Payload = {"name": name.component}
    if name.evse is not None:
        component["evse"] = {"id": name.evse}
    variable: Payload = {"name": name.variable}
    if name.instance is not None:
        variable["instance"] = name.instance
    return {"component": component, "variable": variable}
