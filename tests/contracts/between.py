"""
What versions that run beside each other rely on, besides messages that are published: questions, their
answers, and the settings of services. `tests/contracts/between/` has the schema of each as it was frozen.

    .venv/bin/python -m tests.contracts.between     freezes what is new, and what may change as it has
"""

import importlib
import json
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel
from pydantic_settings import BaseSettings

from cli.published.compatibility import REFUSED, Change, Difference, Role, Schema, differences
from shared.messages.people import Query

FROZEN: Final = Path(__file__).parent / "between"
SPOKEN: Final = (
    "shared.acts_query",
    "shared.meter_query",
    "shared.rehearsing",
    *(
        f"shared.messages.{it}"
        for it in (
            *("notices", "own_account", "people", "readings"),
            *("reports", "signed", "signing_in", "what_if"),
        )
    ),
)
"""Where questions and answers are; whatever refuses fields that it does not know is a question."""
SET: Final = (
    "services.balancer.settings",
    "services.notifications.settings",
    "services.permissions.settings",
    "services.portal.settings",
    "services.telemetry.settings",
    "shared.lines",
    "shared.nats_options",
    "shared.runtime",
)
WAY_ON: Final[Mapping[str, str]] = {
    "questions": "Bring it back. A question may get a further field with a default, and take more than it "
    "did; any other change makes another question, under another name, and the former one is answered for "
    "as long as a version is about that asks it.",
    "answers": "Bring it back. An answer may get a further field with a default; any other change makes "
    "another answer, to another question.",
    "settings": "Bring it back. A further setting has a default, and a setting may take more than it did. "
    "Another name is a further setting, and the former one is taken for as long as somebody may set it.",
}
_ROLES: Final = {"questions": Role.COMMAND, "answers": Role.ANSWER, "settings": Role.COMMAND}


@cache
def present() -> dict[str, Schema]:
    """Describe everything as it is now, by its place beneath the folder."""
    found = {}
    for name in SPOKEN:
        for kind in _defined_in(name, BaseModel):
            folder = "questions" if kind.model_config.get("extra") == "forbid" else "answers"
            found[f"{folder}/{kind.__name__}.json"] = _schema_of(kind)
    for name in SET:
        for kind in _defined_in(name, BaseSettings):
            owner = name.removeprefix("services.").removesuffix(".settings")
            found[f"settings/{owner}.{kind.__name__}.json"] = _schema_of(kind)
    return found


def frozen() -> dict[str, Schema]:
    return {
        str(it.relative_to(FROZEN)): json.loads(it.read_bytes())
        for it in sorted(FROZEN.rglob("*.json"))
    }


def faults(before: Mapping[str, Schema], now: Mapping[str, Schema]) -> list[str]:
    """Find what another version relies on that is not there any more, in sentences that say what to do."""
    found = []
    for place, schema in before.items():
        way_on = WAY_ON[place.partition("/")[0]]
        if place not in now:
            found.append(f"{place}: it is gone. {way_on}")
        elif broken := _broken(place, schema, now[place]):
            told = "\n".join(f"    {it}" for it in broken)
            found.append(f"{place} may not change so:\n{told}\n  {way_on}")
    return found


def _broken(place: str, before: Schema, now: Schema) -> list[Difference]:
    refused = REFUSED[_ROLES[place.partition("/")[0]]]
    return [
        it
        for it in differences(before, now)
        # Where meters are looked for and the like is told by defaults, which may get better.
        if it.change in refused
        and not (place.startswith("settings/") and it.change is Change.ANOTHER_DEFAULT)
    ]


def _defined_in(module: str, base: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for it in vars(importlib.import_module(module)).values():
        ours = isinstance(it, type) and issubclass(it, base) and it.__module__ == module
        if ours and not it.__name__.startswith("_") and it is not Query:
            yield it


def _schema_of(kind: type[BaseModel]) -> Schema:
    """Describe what is read; what it is called in words may change."""
    schema: Schema = _without_words(kind.model_json_schema(mode="validation"))
    return schema


def _without_words(part: Any) -> Any:  # any piece of JSON
    match part:
        case {"properties": dict(fields), **rest}:
            named = {name: _without_words(it) for name, it in fields.items()}
            return {"properties": named, **_without_words(rest)}
        case dict():
            kept = {k: v for k, v in part.items() if k not in {"title", "description"}}
            return {k: v if k == "default" else _without_words(v) for k, v in kept.items()}
        case list():
            return [_without_words(it) for it in part]
        case _:
            return part


def main() -> None:
    """Freeze what is new."""
    now = present()
    if broken := faults(frozen(), now):
        sys.exit("\n".join(broken))
    for place, schema in now.items():
        file = FROZEN / place
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(schema, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
