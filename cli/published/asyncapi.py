"""
The AsyncAPI 3 document: every channel, what is said on it, and its schema.

It is made from the messages themselves and the subjects they go to. FastStream describes only what its own
subscribers take, and not that they answer; our events go out by the relay. A test holds the two together.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from cli.published.headers import HEADERS
from cli.published.language import COMMANDS, READINGS, owner_of
from cli.published.schemas import Schema, name_of
from shared import grants, subjects
from shared.context import CORRELATION_HEADER
from shared.messages import Answer, Command, Event, Message
from shared.messages.registry import EVENTS
from shared.messages.telemetry import ChargerCommand

SPECIFICATION: Final = "3.0.0"
ANSWERS: Final = "answers"

Json = dict[str, Any]

_ABOUT: Final = """\
What Ampledger's services take and announce on NATS. Events are kept for ever, on one jetstream for each \
log and in its order; readings for a day, on another. How to subscribe without missing or repeating \
anything is told in docs/events.md.

What was announced never changes; an event gets further versions, each with a schema of its own. Pass over \
fields and events that you do not know, and expect further values where values are listed. Amperes are per \
phase."""

_PARAMETERS: Final[Mapping[str, Json]] = {
    "partition": {
        "description": f"CRC-32 of the id that follows, modulo {subjects.PARTITIONS}. Take any: *."
    },
    "installation_id": {
        "description": "The installation.",
        "location": "$message.payload#/installation_id",
    },
    "charger_id": {"description": "The charger.", "location": "$message.payload#/charger_id"},
    "serial": {"description": "The serial number.", "location": "$message.payload#/serial"},
    "source_id": {"description": "The charger; `site` for what is said of all of them."},
}


def document(schemas: Mapping[str, Schema], version: str) -> Json:
    """
    Describe everything.

    Args:
        schemas: of every version of every message, by its name with the version.
        version: of Ampledger.
    """
    kinds = {**EVENTS, **READINGS, **COMMANDS}
    channels = {name: _channel(kind, _versions(name, schemas)) for name, kind in kinds.items()}
    channels[ANSWERS] = {
        "address": None,
        "description": "The inbox that a request names for its answer.",
        "messages": {name_of(Answer): _ref("components", "messages", name_of(Answer))},
    }
    operations = dict(_operation(name, kind, schemas) for name, kind in kinds.items())
    return {
        "asyncapi": SPECIFICATION,
        "info": {
            "title": "Ampledger",
            "version": version,
            "description": _ABOUT,
            "license": {
                "name": "Apache 2.0",
                "url": "https://www.apache.org/licenses/LICENSE-2.0",
            },
        },
        "defaultContentType": "application/json",
        "servers": {
            "embedded": {
                "host": "127.0.0.1:4333",
                "protocol": "nats",
                "description": "The server that `ampledger up` brings along, at its usual port.",
                "security": [_ref("components", "securitySchemes", "password")],
            }
        },
        "channels": dict(sorted(channels.items())),
        "operations": dict(sorted(operations.items())),
        "components": {
            "securitySchemes": {
                "password": {
                    "type": "userPassword",
                    "description": "As `ampledger subscriber add` shows it, once.",
                }
            },
            "messages": {name: _message(name, it) for name, it in sorted(schemas.items())},
            "schemas": _components(schemas),
        },
    }


# --- Channels and operations ---


def _channel(kind: type[Message], versions: Sequence[str]) -> Json:
    address = _address(kind)
    names = [it[1:-1] for it in address.split(".") if it.startswith("{")]
    channel = {
        "address": address,
        "title": kind.__name__,
        "description": _summary(kind),
        "parameters": {name: _PARAMETERS[name] for name in names},
        "messages": {name: _ref("components", "messages", name) for name in versions},
        "tags": [{"name": owner_of(kind)}],
    }
    if not issubclass(kind, Command):
        channel["x-jetstream"] = _jetstream(kind)
    return channel


def _address(kind: type[Message]) -> str:
    """Spell a subject, with the names of what varies in it."""
    if issubclass(kind, ChargerCommand):
        return subjects.charger_command(kind, "{charger_id}")
    if issubclass(kind, Command):
        return subjects.command(kind, "{installation_id}")
    ((subject,),) = grants.filters([kind]).values()
    about = ["installation_id" if "installation_id" in kind.model_fields else "serial"]
    further = [] if issubclass(kind, Event) else ["source_id"]
    for name in ("partition", *about, *further):
        subject = subject.replace("*", f"{{{name}}}", 1)
    return subject


def _jetstream(kind: type[Message]) -> str:
    if issubclass(kind, Event):
        return subjects.jetstream_of(kind.service)
    return subjects.TELEMETRY_JETSTREAM


def _operation(
    name: str, kind: type[Message], schemas: Mapping[str, Schema]
) -> tuple[str, Json]:
    taken = issubclass(kind, Command)
    operation: Json = {
        "action": "receive" if taken else "send",
        "summary": _summary(kind),
        "channel": _ref("channels", name),
        "messages": [_ref("channels", name, "messages", it) for it in _versions(name, schemas)],
        "tags": [{"name": owner_of(kind)}],
    }
    if taken:
        operation["reply"] = {
            "channel": _ref("channels", ANSWERS),
            "messages": [_ref("channels", ANSWERS, "messages", name_of(Answer))],
        }
    return f"{'take' if taken else 'announce'}{name}", operation


def _summary(kind: type[Message]) -> str:
    return " ".join((kind.__doc__ or "").split("\n\n")[0].split())


def _versions(name: str, schemas: Mapping[str, Schema]) -> list[str]:
    found = [it for it in schemas if it.rpartition(".v")[0] == name]
    return sorted(found, key=lambda it: int(it.rpartition(".v")[2]))


# --- Messages and schemas ---


def _message(name: str, schema: Schema) -> Json:
    kind = name.rpartition(".v")[0]
    message: Json = {
        "name": kind,
        "title": name,
        "summary": str(schema.get("description", "")).partition("\n\n")[0],
        "contentType": "application/json",
        "payload": _ref("components", "schemas", name),
    }
    if kind in EVENTS or kind in COMMANDS:
        headers = "EventHeaders" if kind in EVENTS else "CommandHeaders"
        message["headers"] = _ref("components", "schemas", headers)
        message["correlationId"] = {"location": f"$message.header#/{CORRELATION_HEADER}"}
    return message


def _components(schemas: Mapping[str, Schema]) -> Json:
    """Put all schemas beside each other; a part that several share stands there once."""
    found: Json = dict(HEADERS)
    for owner, schema in sorted(schemas.items()):
        names = {}
        for name, part in schema.get("$defs", {}).items():
            shared = found.get(name) in (None, _moved(part, {}))
            names[name] = name if shared else f"{owner}.{name}"
        for name, part in _parts(schema):
            found[names.get(name, owner)] = _moved(part, names)
    return found


def _parts(schema: Schema) -> Iterator[tuple[str, Schema]]:
    yield from schema.get("$defs", {}).items()
    yield "", {k: v for k, v in schema.items() if k not in {"$schema", "$id", "$defs"}}


def _moved(part: Any, names: Mapping[str, str]) -> Any:  # noqa: ANN401  # any piece of JSON
    """Have references point to where the parts are now, and spell tuples as AsyncAPI does."""
    match part:
        case {"$ref": str(reference), **rest}:
            name = reference.rpartition("/")[2]
            return {**rest, **_ref("components", "schemas", names.get(name, name))}
        case dict():
            renamed = {"prefixItems": "items"}
            return {renamed.get(k, k): _moved(v, names) for k, v in part.items()}
        case list():
            return [_moved(it, names) for it in part]
        case _:
            return part


def _ref(*steps: str) -> Json:
    return {"$ref": "#/" + "/".join(steps)}
