"""
The device model of OCPP 2.x (part 1): variables of components, and what a charger has reported of them.

Written for people, a variable is `Component.Variable`; instances stand in brackets, the EVSE and the
connector of a component behind an @:

    SampledDataCtrlr.TxUpdatedInterval
    DeviceDataCtrlr.ItemsPerMessage[SetVariables]
    Connector@1:1.AvailabilityState
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Final

from services.telemetry.frames import Payload

VARIABLES_MAX: Final = 4000
"""So many variables of one charger are kept; a report has some hundreds."""
ACTUAL: Final = "Actual"
READ_WRITE: Final = "ReadWrite"
WRITE_ONLY: Final = "WriteOnly"

_NAME: Final = r"[A-Za-z0-9_-]{1,50}"
_INSTANCE: Final = r"(?:\[([^\[\]]{1,50})\])?"
_SPELLED: Final = re.compile(
    rf"({_NAME}){_INSTANCE}(?:@(\d+)(?::(\d+))?)?\.({_NAME}){_INSTANCE}"
)


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable of one component."""

    component: str
    name: str
    instance: str | None = None
    component_instance: str | None = None
    evse: int | None = None
    connector: int | None = None

    @classmethod
    def spelled(cls, text: str) -> "Variable":
        """
        Read a variable as people write it.

        Raises:
            ValueError: it is none.

        >>> Variable.spelled("Connector@1:2.AvailabilityState").connector
        2
        """
        found = _SPELLED.fullmatch(text)
        if found is None:
            raise ValueError(
                f"{text[:100]} names no variable; write Component.Variable, such as "
                "OCPPCommCtrlr.HeartbeatInterval"
            )
        component, its_instance, evse, connector, name, instance = found.groups()
        return cls(
            component=component,
            name=name,
            instance=instance,
            component_instance=its_instance,
            evse=None if evse is None else int(evse),
            connector=None if connector is None else int(connector),
        )

    @classmethod
    def of(cls, said: Payload) -> "Variable":
        """Read it out of a message that has a ComponentType and a VariableType."""
        component, variable = said["component"], said["variable"]
        evse = component.get("evse", {})
        return cls(
            component=component["name"],
            name=variable["name"],
            instance=variable.get("instance"),
            component_instance=component.get("instance"),
            evse=evse.get("id"),
            connector=evse.get("connectorId"),
        )

    def __str__(self) -> str:
        """
        Write it for people.

        >>> str(Variable("DeviceDataCtrlr", "ItemsPerMessage", "SetVariables"))
        'DeviceDataCtrlr.ItemsPerMessage[SetVariables]'
        """
        at = "" if self.evse is None else f"@{self.evse}"
        at += "" if self.connector is None else f":{self.connector}"
        its_instance = f"[{self.component_instance}]" if self.component_instance else ""
        instance = f"[{self.instance}]" if self.instance else ""
        return f"{self.component}{its_instance}{at}.{self.name}{instance}"

    @property
    def payload(self) -> Payload:
        """Spell it as a ComponentType and a VariableType."""
        component: Payload = {"name": self.component}
        if self.component_instance is not None:
            component["instance"] = self.component_instance
        if self.evse is not None:
            component["evse"] = {"id": self.evse}
            if self.connector is not None:
                component["evse"]["connectorId"] = self.connector
        variable: Payload = {"name": self.name}
        if self.instance is not None:
            variable["instance"] = self.instance
        return {"component": component, "variable": variable}


@dataclass(frozen=True, slots=True)
class Shown:
    """What a charger has reported of a variable."""

    value: str | None
    """None where it is not told, as of a password."""
    writable: bool
    unit: str | None = None
    most: float | None = None
    """The highest value that it may have."""


class DeviceModel:
    """What one charger has reported of its variables, on this connection."""

    def __init__(self) -> None:
        self._shown: dict[Variable, Shown] = {}
        self._waiting: dict[int, Callable[[], None]] = {}
        self._numbers = count(1)

    @property
    def shown(self) -> Mapping[Variable, Shown]:
        """All variables that were reported."""
        return self._shown

    def fresh_number(self) -> int:
        """Number a report that is asked for."""
        return next(self._numbers)

    def expect(self, request_id: int, complete: Callable[[], None]) -> None:
        """Have somebody told when all of a report has come."""
        self._waiting[request_id] = complete

    def give_up(self, request_id: int) -> None:
        """Nobody waits for a report any more."""
        self._waiting.pop(request_id, None)

    def take_report(self, payload: Payload) -> None:
        """Take in a part of a report (NotifyReport)."""
        for variable, shown in _reported(payload):
            self._keep(variable, shown)
        if not payload.get("tbc", False):
            complete = self._waiting.pop(payload["requestId"], None)
            if complete is not None:
                complete()

    def take_value(self, variable: Variable, value: str) -> None:
        """Take in that a variable was set."""
        before = self._shown.get(variable)
        if before is not None and before.value is not None:
            self._shown[variable] = Shown(value, before.writable, before.unit, before.most)

    def _keep(self, variable: Variable, shown: Shown) -> None:
        if variable in self._shown or len(self._shown) < VARIABLES_MAX:
            self._shown[variable] = shown


def _reported(payload: Payload) -> Iterator[tuple[Variable, Shown]]:
    for item in payload.get("reportData", ()):
        limits = item.get("variableCharacteristics", {})
        for attribute in item["variableAttribute"]:
            if attribute.get("type", ACTUAL) != ACTUAL:
                continue
            mutability = attribute.get("mutability", READ_WRITE)
            yield (
                Variable.of(item),
                Shown(
                    value=None if mutability == WRITE_ONLY else attribute.get("value"),
                    writable=mutability in {READ_WRITE, WRITE_ONLY},
                    unit=limits.get("unit"),
                    most=limits.get("maxLimit"),
                ),
            )
