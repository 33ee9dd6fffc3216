"""The API's document is a promise: what programs rely on is not taken back."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from cli.published import openapi
from cli.published.papers import API, PROJECT

Spoil = Callable[[dict[str, Any]], None]


def gone(document: dict[str, Any]) -> None:
    del document["paths"]["/me"]


def required(document: dict[str, Any]) -> None:
    document["components"]["schemas"]["AddCircuit"]["required"].append("set_a")


def told_no_more(document: dict[str, Any]) -> None:
    del document["components"]["schemas"]["ChargerTold"]["properties"]["serial"]


def must_be_said(document: dict[str, Any]) -> None:
    wanted = {"in": "query", "name": "reason", "required": True, "schema": {"type": "string"}}
    document["paths"]["/installations"]["get"]["parameters"].append(wanted)


def new(document: dict[str, Any]) -> None:
    document["paths"]["/weather"] = {"get": {"responses": {}}}
    charger = document["components"]["schemas"]["ChargerTold"]
    charger["properties"]["colour"] = {"type": "string"}
    charger["required"].append("colour")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (gone, "GET /me is gone"),
        (required, "set_a: a field is required"),
        (told_no_more, "serial: a field is gone"),
        (must_be_said, "GET /installations takes reason now"),
    ],
)
def test_what_programs_rely_on_is_not_taken_back(change: Spoil, said: str) -> None:
    before = json.loads((PROJECT / "docs" / API).read_text(encoding="utf-8"))
    now = copy.deepcopy(before)
    change(now)

    assert said in "\n".join(openapi.broken(before, now))


def test_whatever_is_new_is_welcome() -> None:
    before = openapi.document()
    now = copy.deepcopy(before)
    new(now)

    assert openapi.broken(before, now) == []
