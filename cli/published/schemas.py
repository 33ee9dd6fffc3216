"""
A JSON Schema (2020-12) of every message, from the classes that the services themselves use.

What we say is described as it is written: what may be none is left out when it is, all else is there.
What we take is described as it is read. Docstrings of classes, fields and values become descriptions.
"""

import ast
import inspect
import textwrap
from collections.abc import Iterator
from enum import Enum
from functools import cache
from itertools import pairwise
from typing import Any, Final

from pydantic import BaseModel

import shared.messages
import shared.phases
from cli.published.language import COMMANDS, MODULES, READINGS
from shared.messages import Answer, Event, Message, installation_terms
from shared.messages.registry import EVENTS

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
VALUES: Final = "x-values"
"""What each value of an enumeration means."""

Schema = dict[str, Any]


def schema_of(kind: type[Message]) -> Schema:
    """Describe a message; it stands by itself, with its parts under `$defs`."""
    said = kind.__name__ not in COMMANDS
    schema = kind.model_json_schema(mode="serialization" if said else "validation")
    for name, part in ((kind.__name__, schema), *schema.get("$defs", {}).items()):
        _describe(part, _classes().get(name))
        if said:
            _require_what_is_always_there(part, schema.get("$defs", {}))
    return {"$schema": DIALECT, "$id": f"urn:ampledger:{name_of(kind)}", **schema}


def name_of(kind: type[Message]) -> str:
    """
    Name a message with its version; only events have more than one.

    >>> name_of(EVENTS["CircuitAdded"]), name_of(Answer)
    ('CircuitAdded.v1', 'Answer.v1')
    """
    version = kind.schema_version if issubclass(kind, Event) else 1
    return f"{kind.__name__}.v{version}"


def place_of(kind: type[Message]) -> str:
    """
    Name the file of a message's schema beneath docs/schemas.

    >>> place_of(READINGS["MeterReading"])
    'readings/MeterReading.v1.json'
    """
    if kind.__name__ in EVENTS:
        folder = ""
    elif kind.__name__ in READINGS:
        folder = "readings/"
    else:
        folder = "commands/" if kind.__name__ in COMMANDS else "answers/"
    return f"{folder}{name_of(kind)}.json"


def published() -> Iterator[type[Message]]:
    """Every message, by kind and name."""
    for kinds in (EVENTS, READINGS, COMMANDS, {Answer.__name__: Answer}):
        for name in sorted(kinds):
            yield kinds[name]


# --- Descriptions ---


def _describe(part: Schema, kind: type | None) -> None:
    """Put docstrings in; the titles that pydantic makes of names say nothing new."""
    if kind is None:
        return
    notes = _notes_of(kind)
    for name, field in part.get("properties", {}).items():
        field.pop("title", None)
        if name in notes:
            field["description"] = notes[name]
    if "enum" in part and issubclass(kind, Enum):
        told = {str(it.value): notes[it.name] for it in kind if it.name in notes}
        if told:
            part[VALUES] = told
    if "description" in part:
        part["description"] = _in_one(part["description"])


@cache
def _classes() -> dict[str, type]:
    """Classes of messages and their parts by name."""
    modules = (shared.phases, shared.messages, installation_terms, *MODULES)
    return {
        name: member
        for module in modules
        for name, member in vars(module).items()
        if isinstance(member, type) and issubclass(member, BaseModel | Enum)
    }


@cache
def _notes_of(kind: type) -> dict[str, str]:
    """Read the docstrings beneath fields and values, which Python does not keep."""
    notes: dict[str, str] = {}
    for parent in reversed(kind.__mro__):
        if parent.__module__.startswith("shared."):
            tree = ast.parse(textwrap.dedent(inspect.getsource(parent)))
            body = tree.body[0].body  # type: ignore[attr-defined]  # it is a class
            for field, note in pairwise(body):
                match field, note:
                    case (
                        ast.AnnAssign(target=ast.Name(id=name))
                        | ast.Assign(targets=[ast.Name(id=name)]),
                        ast.Expr(value=ast.Constant(value=str(text))),
                    ):
                        notes[name] = _in_one(text)
    return notes


def _in_one(text: str) -> str:
    """Bring a docstring into one line for each of its paragraphs."""
    paragraphs = inspect.cleandoc(text).split("\n\n")
    return "\n\n".join(" ".join(it.split()) for it in paragraphs)


# --- What is always there ---


def _require_what_is_always_there(part: Schema, parts: Schema) -> None:
    """Require every field that cannot be none: those that can are left out when they are."""
    properties = part.get("properties")
    if properties is not None:
        part["required"] = [
            name for name, it in properties.items() if not _may_be_none(it, parts)
        ]
        for it in properties.values():
            if "default" in it:
                del it["default"]  # nothing is left to a default in what we say


def _may_be_none(schema: Schema, parts: Schema) -> bool:
    if "$ref" in schema:
        return _may_be_none(parts[schema["$ref"].rpartition("/")[2]], parts)
    if schema.get("type") == "null":
        return True
    return any(_may_be_none(it, parts) for it in schema.get("anyOf", ()))
