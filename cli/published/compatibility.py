"""
What may change in a schema that is published, and what may not: pure functions over two schemas.

A change either narrows (something that was valid is not any more), or widens (something is valid that was
not), or both. What we take may only widen. What we say may do neither, because old events must stay
valid and old readers must understand new ones; only that there are further values, or numbers out of
former bounds, is something every reader is told to expect.

It knows what our schemas are made of: objects, arrays, tuples, values, bounds, patterns, alternatives of
different types. A difference in anything else counts as both.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

Schema = Mapping[str, Any]


class Change(StrEnum):
    """How a schema differs from the one before."""

    REMOVED = "a field is gone"
    ADDED = "a field is new"
    REQUIRED = "a field is required that was not there, or could be missing"
    NOT_ALWAYS_THERE = "a field may be missing that was always there"
    NARROWED = "something that was valid is not any more"
    WIDENED = "something else is valid now"
    MORE_VALUES = "there are further values"
    ANOTHER_DEFAULT = "leaving it out means something else"


class Role(StrEnum):
    """What a schema describes, and with that, what it may become."""

    EVENT = "event"
    READING = "reading"
    ANSWER = "answer"
    COMMAND = "command"
    FROZEN = "older version"


_SAID: Final = frozenset(Change) - {Change.MORE_VALUES}
REFUSED: Final[Mapping[Role, frozenset[Change]]] = {
    Role.FROZEN: frozenset(Change),
    Role.EVENT: _SAID,
    Role.READING: _SAID - {Change.ADDED},
    Role.ANSWER: _SAID - {Change.ADDED},
    Role.COMMAND: frozenset(
        {Change.REMOVED, Change.REQUIRED, Change.NARROWED, Change.ANOTHER_DEFAULT}
    ),
}

WAY_ON: Final[Mapping[Role, str]] = {
    Role.FROZEN: "An older version stays as it was written down: bring the file back.",
    Role.EVENT: "Bring it back, or make it a further version of the event: raise its "
    "schema_version, say in upcasts how the version before is read, and add a sample to "
    "tests/contracts/samples.",
    Role.READING: "Bring it back. A reading may get a further field that can be missing; any "
    "other change makes another reading, under another name.",
    Role.ANSWER: "Bring it back. An answer may get a further field that can be missing.",
    Role.COMMAND: "Bring it back. A command may get a further field with a default; any other "
    "change makes another command, under another name.",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference, and where: `wiring[]` are the items of the field `wiring`."""

    place: str
    change: Change
    what: str

    def __str__(self) -> str:
        return f"{self.place or 'the message'}: {self.change} ({self.what})"


def refused(before: Schema, now: Schema, role: Role) -> list[Difference]:
    """Find what may not change between two schemas of the same message."""
    return [it for it in differences(before, now) if it.change in REFUSED[role]]


def differences(before: Schema, now: Schema) -> list[Difference]:
    """
    Find every difference that matters to who writes or reads.

    >>> before = {"type": "object", "properties": {"limit_a": {"type": "number"}}}
    >>> now = {"type": "object", "properties": {"limit_a": {"type": "integer"}}}
    >>> print(*differences(before, now))
    limit_a: something that was valid is not any more (number is integer now)
    """
    return list(_compare("", _Part(before, before), _Part(now, now)))


@dataclass(frozen=True, slots=True)
class _Part:
    """A schema within the one that its references point into."""

    schema: Schema
    root: Schema

    def at(self, schema: Schema) -> "_Part":
        return _Part(schema, self.root)

    def resolved(self) -> "_Part":
        reference = self.schema.get("$ref")
        if reference is None:
            return self
        name = str(reference).rpartition("/")[2]
        return self.at(self.root["$defs"][name]).resolved()

    def alternatives(self) -> "dict[str, _Part]":
        """Alternatives by their type; several of one type are told apart by all they say."""
        found: dict[str, _Part] = {}
        for it in self.schema.get("anyOf", (self.schema,)):
            part = self.at(it).resolved()
            name = str(part.schema.get("type", "anything"))
            if "anyOf" in part.schema:
                raise ValueError("alternatives within alternatives cannot be compared")
            if name in found:
                name = f"{name} {dict(sorted(part.schema.items()))}"
            found[name] = part
        return found


ANNOTATIONS: Final = frozenset(
    {"title", "description", "examples", "default", "$schema", "$id"}
)
LOWEST: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems")
HIGHEST: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")
STRUCTURE: Final = frozenset(
    {"type", "$defs", "properties", "required", "additionalProperties", "items", "prefixItems"}
)
VALUES: Final = frozenset({"enum", "const"})
_ABSENT: Final = object()


def _compare(place: str, before: _Part, now: _Part) -> Iterator[Difference]:
    old, new = before.resolved().alternatives(), now.resolved().alternatives()
    if "integer" in old and "number" in new and "number" not in old:
        yield Difference(place, Change.WIDENED, "integer is number now")
        new["integer"] = new.pop("number")
    elif "number" in old and "integer" in new and "integer" not in old:
        yield Difference(place, Change.NARROWED, "number is integer now")
        new["number"] = new.pop("integer")
    for name in old.keys() - new.keys():
        yield Difference(place, Change.NARROWED, f"{name} is not allowed any more")
    for name in new.keys() - old.keys():
        yield Difference(place, Change.WIDENED, f"{name} is allowed now")
    for name in sorted(old.keys() & new.keys()):
        yield from _compare_values(place, old[name].schema, new[name].schema)
        yield from _compare_items(place, old[name], new[name])
        yield from _compare_fields(place, old[name], new[name])


def _compare_values(place: str, before: Schema, now: Schema) -> Iterator[Difference]:
    old, new = _values(before), _values(now)
    if old is not None and (new is None or new - old):
        more = "any value" if new is None else ", ".join(sorted(new - old))
        yield Difference(place, Change.MORE_VALUES, f"{more} may occur now")
    if new is not None and (old is None or old - new):
        gone = "only some values" if old is None else f"no more {', '.join(sorted(old - new))}"
        yield Difference(place, Change.NARROWED, gone)
    for names, sign in ((LOWEST, 1), (HIGHEST, -1)):
        for name in names:
            yield from _compare_bound(place, name, sign, before.get(name), now.get(name))
    bounds = {*LOWEST, *HIGHEST}
    for name in sorted(
        (before.keys() | now.keys()) - STRUCTURE - ANNOTATIONS - VALUES - bounds
    ):
        if name.startswith("x-") or before.get(name) == now.get(name):
            continue
        what = f"{name} was {before.get(name)!r} and is {now.get(name)!r}"
        if name in now:
            yield Difference(place, Change.NARROWED, what)
        if name in before:
            yield Difference(place, Change.WIDENED, what)


def _values(schema: Schema) -> set[str] | None:
    if "const" in schema:
        return {repr(schema["const"])}
    return {repr(it) for it in schema["enum"]} if "enum" in schema else None


def _compare_bound(
    place: str, name: str, sign: int, old: float | None, new: float | None
) -> Iterator[Difference]:
    what = (
        f"{name} was {'open' if old is None else old} and is {'open' if new is None else new}"
    )
    if new is not None and (old is None or (new - old) * sign > 0):
        yield Difference(place, Change.NARROWED, what)
    elif old is not None and (new is None or (new - old) * sign < 0):
        yield Difference(place, Change.MORE_VALUES, what)


def _compare_items(place: str, before: _Part, now: _Part) -> Iterator[Difference]:
    old, new = before.schema.get("items"), now.schema.get("items")
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        yield from _compare(f"{place}[]", before.at(old), now.at(new))
    elif old != new:
        yield from _both(place, f"items were {old!r} and are {new!r}")
    tuples = before.schema.get("prefixItems", ()), now.schema.get("prefixItems", ())
    if len(tuples[0]) != len(tuples[1]):
        yield from _both(place, f"{len(tuples[0])} items were fixed and {len(tuples[1])} are")
        return
    for number, (one, other) in enumerate(zip(*tuples, strict=True)):
        yield from _compare(f"{place}[{number}]", before.at(one), now.at(other))


def _both(place: str, what: str) -> Iterator[Difference]:
    yield Difference(place, Change.NARROWED, what)
    yield Difference(place, Change.WIDENED, what)


def _compare_fields(place: str, before: _Part, now: _Part) -> Iterator[Difference]:
    old, new = (dict(it.schema.get("properties", {})) for it in (before, now))
    needed, needed_now = (set(it.schema.get("required", ())) for it in (before, now))
    for name in sorted(old.keys() | new.keys()):
        inner = f"{place}.{name}" if place else name
        if name not in new:
            yield Difference(inner, Change.REMOVED, "it was there")
            continue
        if name not in old:
            change = Change.REQUIRED if name in needed_now else Change.ADDED
            yield Difference(inner, change, "it was not there")
            continue
        if name in needed - needed_now:
            yield Difference(inner, Change.NOT_ALWAYS_THERE, "it was required")
        if name in needed_now - needed:
            yield Difference(inner, Change.REQUIRED, "it could be missing")
        defaults = [it.get("default", _ABSENT) for it in (old[name], new[name])]
        if _ABSENT not in defaults and defaults[0] != defaults[1]:
            what = f"default was {defaults[0]!r} and is {defaults[1]!r}"
            yield Difference(inner, Change.ANOTHER_DEFAULT, what)
        yield from _compare(inner, before.at(old[name]), now.at(new[name]))
    yield from _compare_openness(place, before.schema, now.schema)


def _compare_openness(place: str, before: Schema, now: Schema) -> Iterator[Difference]:
    old, new = (it.get("additionalProperties", True) for it in (before, now))
    if old == new:
        return
    if new is True:
        yield Difference(place, Change.WIDENED, "unknown fields are passed over now")
    elif old is True:
        yield Difference(place, Change.NARROWED, "unknown fields are refused now")
    else:
        yield from _both(place, "the values of unknown fields are others now")
