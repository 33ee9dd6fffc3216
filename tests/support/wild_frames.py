"""What chargers might send that is broken, hostile, or merely odd: by the schemas of OCPP, and not."""

import json
from functools import cache
from importlib.resources import files
from random import Random
from typing import Any, Final

import orjson

FOLDERS: Final = {
    "ocpp1.6": ("v16", ""),
    "ocpp2.0.1": ("v201", "Request"),
    "ocpp2.1": ("v21", "Request"),
}
"""Where the schemas of a version are, and what follows an action in the name of a request's."""
TEXTS: Final = (
    "",
    "x",
    "ZAP000001",
    "2026-11-22T08:00:00Z",
    "9999-12-31T23:59:59+14:00",
    "0001-01-01T00:00:00-14:00",
    "-1",
    "1e309",
    "NaN",
    "\u0000",
    "\ud7ff\U0001f50c",
    "x" * 300,
    "';--",
    "{{7*7}}",
)
NUMBERS: Final = (0, 1, -1, 2, 41, 2**31, -(2**63), 2**63 - 1, 0.5, -0.0, 1e308, 1e-300)
DEPTH_MAX: Final = 6
LENGTH_MAX: Final = 4


@cache
def schema_of(version: str, action: str) -> dict[str, Any]:
    """Read the schema of a request."""
    folder, suffix = FOLDERS[version]
    text = (files("ocpp") / folder / "schemas" / f"{action}{suffix}.json").read_text(
        "utf-8-sig"
    )
    schema: dict[str, Any] = json.loads(text)
    return schema


def requests(version: str) -> list[str]:
    """Name every request of a version, whoever sends it."""
    folder, _ = FOLDERS[version]
    names = (it.name for it in (files("ocpp") / folder / "schemas").iterdir())
    return sorted(
        it.removesuffix("Response.json") for it in names if it.endswith("Response.json")
    )


def payload(version: str, action: str, rng: Random, wild: float) -> Any:
    """
    Make a payload.

    Args:
        version: the subprotocol.
        action: of which request.
        rng: where chance comes from.
        wild: how likely any part of it is something else than its schema has.
    """
    schema = schema_of(version, action)
    return _made(schema, schema, rng, wild, 0)


def frame(version: str, actions: list[str], rng: Random) -> bytes:
    """Make a frame: mostly a request, sometimes an answer nobody waits for, or no message at all."""
    kind = rng.random()
    if kind < 0.05:
        return rng.randbytes(rng.randrange(200))
    if kind < 0.1:
        return orjson.dumps(_anything(rng, 0))
    if kind < 0.15:
        return orjson.dumps([rng.choice((3, 4)), rng.choice(TEXTS), _anything(rng, 0), "", {}])
    action = rng.choice(actions)
    wild = rng.choice((0.0, 0.02, 0.1, 0.5))
    message = [2, f"f-{rng.randrange(10**9)}", action, payload(version, action, rng, wild)]
    if rng.random() < 0.05:
        message[rng.randrange(len(message))] = _anything(rng, 0)
    data = orjson.dumps(message)
    if rng.random() < 0.05:
        cut = rng.randrange(len(data))
        return data[:cut] + rng.randbytes(1) + data[cut + 1 :]
    return data


def _made(schema: Any, whole: Any, rng: Random, wild: float, depth: int) -> Any:
    if rng.random() < wild or depth > DEPTH_MAX:
        return _anything(rng, depth)
    if "$ref" in schema:
        schema = whole["definitions"][schema["$ref"].rpartition("/")[2]]
    if "enum" in schema:
        return rng.choice(schema["enum"])
    kind = schema.get("type", "object")
    if kind == "object":
        return _object(schema, whole, rng, wild, depth)
    if kind == "array":
        least, most = schema.get("minItems", 0), schema.get("maxItems", LENGTH_MAX)
        count = rng.randint(least, max(least, min(most, LENGTH_MAX)))
        items = schema.get("items", {})
        return [_made(items, whole, rng, wild, depth + 1) for _ in range(count)]
    if kind == "string":
        text = (
            rng.choice(TEXTS) if schema.get("format") != "date-time" else "2026-11-22T08:00:00Z"
        )
        return text[: schema.get("maxLength", len(text))]
    if kind == "boolean":
        return rng.random() < 0.5
    number = rng.choice(NUMBERS)
    return int(max(-(2**63), min(2**63 - 1, number))) if kind == "integer" else number


def _object(schema: Any, whole: Any, rng: Random, wild: float, depth: int) -> Any:
    needed = set(schema.get("required", ()))
    chosen = {
        name: _made(part, whole, rng, wild, depth + 1)
        for name, part in schema.get("properties", {}).items()
        if name != "customData" and (name in needed or rng.random() < 0.5)
    }
    if rng.random() < wild:
        chosen[rng.choice(TEXTS)] = _anything(rng, depth)
    if chosen and rng.random() < wild:
        del chosen[rng.choice(list(chosen))]
    return chosen


def _anything(rng: Random, depth: int) -> Any:
    kind = rng.randrange(6 if depth <= DEPTH_MAX else 4)
    if kind == 0:
        return rng.choice(TEXTS)
    if kind == 1:
        return rng.choice(NUMBERS)
    if kind == 2:
        return None
    if kind == 3:
        return rng.random() < 0.5
    if kind == 4:
        return [_anything(rng, depth + 2) for _ in range(rng.randrange(LENGTH_MAX))]
    return {
        rng.choice(TEXTS): _anything(rng, depth + 2) for _ in range(rng.randrange(LENGTH_MAX))
    }
