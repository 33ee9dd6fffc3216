"""
Whether a payload is what a version of OCPP says, by the schemas that the `ocpp` package brings.

Texts name the field and the rule and never the value: card numbers are personal data.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import Any, Final

import jsonschema_rs

from services.telemetry.frames import Code, Payload

_RESPONSE: Final = "Response"


@dataclass(frozen=True, slots=True)
class Violation:
    """What is wrong with a payload."""

    code: Code
    text: str
    path: tuple[str | int, ...] = ()
    """Where, from the outside in."""
    rule: str = ""
    """What of the schema is broken, as JSON Schema calls it."""
    bound: int = 0
    """How long or how many it may be, where that is the rule."""


@dataclass(frozen=True)
class Schemas:
    """The schemas of one version: a folder of the `ocpp` package."""

    package: str
    """Such as v16."""
    request: str = ""
    """What follows the action in the name of a request's schema."""

    @cached_property
    def actions(self) -> frozenset[str]:
        """Every action that the version knows, in either direction."""
        entries = (files("ocpp") / self.package / "schemas").iterdir()
        names = (entry.name.removesuffix(".json") for entry in entries)
        answers = (name for name in names if name.endswith(_RESPONSE))
        return frozenset(name.removesuffix(_RESPONSE) for name in answers)

    def of_request(self, action: str) -> dict[str, Any]:
        """Read the schema of a request; the action is one of `actions`."""
        return _schema(self.package, action + self.request)

    def violation_of_request(self, action: str, payload: Payload) -> Violation | None:
        """Check a request; the action is one of `actions`."""
        return _violation(_validator(self.package, action + self.request), payload)

    def violation_of_answer(self, action: str, payload: Payload) -> Violation | None:
        """Check the answer to a request of ours."""
        return _violation(_validator(self.package, action + _RESPONSE), payload)


@cache
def _validator(package: str, name: str) -> jsonschema_rs.Validator:
    # Formats are not checked: chargers leave out the zone of a date-time, which is then UTC
    # (OCPP 1.6, section 3.16), and what is no time at all shows when it is read.
    return jsonschema_rs.validator_for(_schema(package, name), validate_formats=False)


def _schema(package: str, name: str) -> dict[str, Any]:
    text = (files("ocpp") / package / "schemas" / f"{name}.json").read_text("utf-8-sig")
    return dict(json.loads(text))


def _violation(validator: jsonschema_rs.Validator, payload: Payload) -> Violation | None:
    if validator.is_valid(payload):
        return None
    fault = next(iter(validator.iter_errors(payload)))
    code, describe = _RULES.get(fault.kind.name, _OTHER)
    path, rule = _path(fault), fault.kind.name
    bound = int(fault.kind.as_dict().get("limit", 0))
    return Violation(code, f"{_field(path)}: {describe(fault.kind)}", path, rule, bound)


def _path(fault: jsonschema_rs.ValidationError) -> tuple[str | int, ...]:
    details = fault.kind.as_dict()
    path = tuple(fault.instance_path)
    if fault.kind.name == "required":
        return (*path, str(details["property"]))
    if fault.kind.name == "additionalProperties":
        return (*path, str(details["unexpected"][0]))
    return path


def _field(path: tuple[str | int, ...]) -> str:
    """Spell where the fault is, as in `meterValue[0].sampledValue[2].unit`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".") or "payload"


_Describe = Callable[[Any], str]

_RULES: Final[dict[str, tuple[Code, _Describe]]] = {
    "type": (Code.TYPE, lambda kind: f"must be of type {' or '.join(kind.types)}"),
    "required": (Code.OCCURENCE, lambda _: "is missing"),
    "minItems": (Code.OCCURENCE, lambda kind: f"must have at least {kind.limit} element(s)"),
    "maxItems": (Code.OCCURENCE, lambda kind: f"must have at most {kind.limit} element(s)"),
    "enum": (Code.PROPERTY, lambda _: "is none of the values that OCPP lists"),
    "maxLength": (Code.PROPERTY, lambda kind: f"is longer than {kind.limit} characters"),
    "additionalProperties": (Code.FORMATION, lambda _: "is not a field of this message"),
}
_OTHER: Final[tuple[Code, _Describe]] = (
    Code.PROPERTY,
    lambda kind: f"breaks the rule {kind.name} of its schema",
)
