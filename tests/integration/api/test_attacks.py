"""What somebody with bad intentions would try on the API, and what comes of it: nothing."""

import re
from typing import Any

import orjson
import pytest

from services.portal.api.application import PREFIX
from shared import subjects
from shared.context import Context
from shared.ids import new_id
from shared.messages.permissions import InvitePerson
from shared.messages.signing_in import Scope
from shared.messaging import request
from tests.integration.api.conftest import BAY, CREATE, HARBOUR
from tests.support.api_place import CSRF, ApiPlace

pytestmark = pytest.mark.integration

HERE = f"/installations/{HARBOUR}"
IDS = {
    "installation_id": HARBOUR,
    "charger_id": BAY,
    "circuit_id": "level-1",
    "serial": "ZAP000001",
    "number": "A1",
    "valid_from": "2026-12-01",
}
"""What really exists; other ids do not matter, because the installation is looked at first."""
ABOUT_PEOPLE = ("/people", "/groups")
"""Below these nothing is about a place; permissions decides."""
FOR_ANYBODY = frozenset({"RequestAccess"})
"""Asking for a role is for those who have none."""


def places(document: dict[str, Any]) -> list[tuple[str, str, str, dict[str, Any]]]:
    """Every route about an installation: method, path with ids that exist, name, and its document."""
    found = []
    for path, methods in document["paths"].items():
        if path.startswith("/installations/{"):
            filled = re.sub(r"{(\w+)}", lambda it: IDS.get(it[1], "x"), path)
            found += [
                (method.upper(), filled, operation["operationId"], operation)
                for method, operation in methods.items()
                if operation["operationId"] not in FOR_ANYBODY
            ]
    return found


def example(document: dict[str, Any], operation: dict[str, Any]) -> dict[str, Any]:
    """A body that can be read: of every field that must be there, the simplest value."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        return {}
    return dict(simplest(document, content["schema"]))


def simplest(document: dict[str, Any], schema: dict[str, Any]) -> Any:
    schema = resolved(document, schema)
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return simplest(document, schema["anyOf"][0])
    match schema.get("type"):
        case "object":
            needed = schema.get("required", [])
            return {it: simplest(document, schema["properties"][it]) for it in needed}
        case "array":
            items = schema.get("prefixItems") or [schema.get("items", {})]
            count = len(items) if "prefixItems" in schema else schema.get("minItems", 0)
            return [simplest(document, items[0]) for _ in range(count)]
        case "integer" | "number":
            least = max(schema.get("minimum", 0), schema.get("exclusiveMinimum", 0) + 1, 6)
            return min(least, schema.get("maximum", least))
        case "boolean":
            return True
        case _:
            return text_for(schema)


def text_for(schema: dict[str, Any]) -> str:
    if schema.get("format") == "date-time":
        return "2030-01-01T00:00:00Z"
    pattern = schema.get("pattern", "")
    known = (
        "ZAP000009",
        "person/ada",
        "https://firmware.example/go",
        "NO",
        "NOK",
        "Reason enough",
    )
    return next((it for it in known if re.search(pattern, it)), "x")


def resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


async def document_of(place: ApiPlace) -> dict[str, Any]:
    answer = await place.nobody().get("/openapi.json")
    assert answer.status_code == 200
    return dict(answer.json())


async def test_another_tenant_finds_nothing_behind_any_id_of_any_route(place: ApiPlace) -> None:
    """With a role elsewhere, every route about this installation is as if it did not exist."""
    document = await document_of(place)
    stranger = place.person("stranger")
    found = {}

    for method, path, name, operation in places(document):
        body = example(document, operation)
        there = await stranger.request(method, path, json=body or None)
        nowhere = await stranger.request(
            method, path.replace(HARBOUR, "nowhere"), json=body or None
        )
        found[f"{method} {path} {name}"] = (
            there.status_code,
            there.text.replace(HARBOUR, "nowhere") == nowhere.text,
        )

    assert len(found) > 40
    assert {it: told for it, told in found.items() if told != (404, True)} == {}


async def test_what_is_elsewhere_is_not_reached_through_what_is_ones_own(
    place: ApiPlace,
) -> None:
    """A charger of another installation, named below one's own, and a move into another's."""
    stranger = place.person("stranger")

    beneath = await stranger.get(f"/installations/elsewhere/chargers/{BAY}")
    moved = await place.person("installer").put(
        f"{HERE}/chargers/{BAY}/place",
        json={"circuit_id": "level-1", "to_installation_id": "elsewhere"},
    )

    assert beneath.status_code == 404
    assert moved.status_code == 404


async def test_other_people_are_out_of_reach_and_not_told_of(place: ApiPlace) -> None:
    """Whoever somebody else is, and whether there is such a person, a program is told the same."""
    document = await document_of(place)
    victim = InvitePerson(
        command_id=new_id(), person_id="victim", email="victim@people.example"
    )
    subject = subjects.command(InvitePerson, "victim")
    assert (await request(place.client, victim, subject, Context("test", "c"))).accepted
    stranger = place.person("stranger")
    found = {}

    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if path.startswith(("/people/{", "/groups/{")):
                body = example(document, operation)
                answers = [
                    await stranger.request(
                        method.upper(),
                        re.sub(r"{\w+}", who, path),
                        json=body or None,
                    )
                    for who in ("victim", "nobody-there")
                ]
                found[f"{method} {path}"] = (
                    {it.status_code for it in answers},
                    len({it.text.replace("victim", "nobody-there") for it in answers}),
                )

    assert len(found) > 8
    assert {
        it: told for it, told in found.items() if told not in (({403}, 1), ({404}, 1))
    } == {}


async def test_nobody_is_told_anything(place: ApiPlace) -> None:
    document = await document_of(place)
    statuses = {
        f"{method} {path}": (await place.nobody().request(method, path)).status_code
        for method, path, *_ in places(document)
    }

    assert set(statuses.values()) == {401}


async def test_a_foreign_page_changes_nothing(place: ApiPlace) -> None:
    installer = place.person("installer")
    priority = {"priority": 1}
    url = f"{HERE}/chargers/{BAY}/priority"

    for headers in (
        {"X-CSRF-Token": ""},
        {"X-CSRF-Token": "guessed"},
        {"X-CSRF-Token": CSRF, "Sec-Fetch-Site": "cross-site"},
    ):
        answer = await installer.put(url, json=priority, headers=headers)
        assert (answer.status_code, answer.json()["title"]) == (403, "ForeignPage")
    forged = await installer.put(
        url, content=orjson.dumps(priority), headers={"Content-Type": "text/plain"}
    )
    assert forged.status_code == 415  # what a form of another site can send is no JSON


@pytest.mark.parametrize(
    "further",
    [
        {"command_id": "mine"},
        {"installation_id": "elsewhere"},
        {"actor": "person/owner"},
        {"fail_safe_a": 32},
        {"__class__": "x"},
    ],
)
async def test_a_body_says_nothing_but_what_it_may(
    place: ApiPlace, further: dict[str, Any]
) -> None:
    answer = await place.person("installer").patch(
        f"{HERE}/chargers/{BAY}", json={"name": "Bay"} | further
    )

    assert answer.status_code == 422
    assert next(iter(further)) in answer.json()["detail"]


@pytest.mark.parametrize(
    "way",
    [
        "/installations/%2e%2e/x",
        "/installations/harbour%00",
        "/installations/harbour%0a",
        "/installations/harbour;x=1",
        "/installations/>",
        "/installations/*",
        "/installations/harbour.events",
        "/installations/'%20or%20'1'='1",
        "/installations/{{7*7}}",
        f"/installations/{'a' * 65}",
        "/installations/harbour/",
        "/installations/harbour/serials/zap000001%27--/unlock",
    ],
)
async def test_a_crooked_path_leads_nowhere(place: ApiPlace, way: str) -> None:
    answer = await place.person("support").get(way)

    assert answer.status_code in {404, 405, 422}, answer.text
    assert "Location" not in answer.headers
    assert "49" not in answer.text


async def test_a_slash_that_is_spelled_otherwise_is_the_same_way(place: ApiPlace) -> None:
    """It leads where the plain one leads, through the same check."""
    crooked = await place.person("stranger").get("/installations/harbour%2Fchargers")
    plain = await place.person("stranger").get("/installations/harbour/chargers")

    assert crooked.status_code == plain.status_code == 404
    assert crooked.text == plain.text


async def test_words_are_words_whatever_they_look_like(place: ApiPlace) -> None:
    installer = place.person("installer")
    for name in ("'; drop table event_log; --", "{{7*7}}${7*7}<script>alert(1)</script>"):
        done = await installer.patch(f"{HERE}/chargers/{BAY}", json={"name": name})
        seen = await installer.get(f"{HERE}/chargers/{BAY}")
        assert done.status_code == 200
        assert seen.json()["name"] == name
        assert seen.headers["Content-Type"] == "application/json"
    assert (await installer.get(f"{HERE}/history")).status_code == 200


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b'{"name": "' + b"a" * 70_000 + b'"}', 413),
        (b'{"name": ' + b"[" * 40 + b"]" * 40 + b"}", 400),
        (b"[" * 60_000, 400),
        (b'{"name": ', 400),
        (b'{"breaker_a": NaN}', 400),
        (b'{"breaker_a": 1e999}', 400),
        (b'{"name": "\xff"}', 400),
        (b"[]", 422),
        (b"null", 200),  # as if nothing had been said: nothing is changed
    ],
)
async def test_a_body_that_cannot_be_read_is_refused(
    place: ApiPlace, content: bytes, status: int
) -> None:
    answer = await place.person("installer").patch(
        HERE, content=content, headers={"Content-Type": "application/json"}
    )

    assert answer.status_code == status, answer.text
    assert len(answer.content) < 2_000


async def test_a_body_whose_length_is_not_told_is_bounded_all_the_same(place: ApiPlace) -> None:
    async def endless() -> Any:
        for _ in range(1_000):
            yield b"a" * 1_024

    answer = await place.person("installer").patch(
        HERE, content=endless(), headers={"Content-Type": "application/json"}
    )

    assert answer.status_code == 413


async def test_nobody_gets_the_answer_to_another_ones_wish(place: ApiPlace) -> None:
    """Not under the same key, and not by spelling another one's id."""
    key = {"Idempotency-Key": "yard-1"}
    yard = {"circuit_id": "yard", "name": "Yard", "breaker_a": 16}
    first = await place.person("installer").post(f"{HERE}/circuits", json=yard, headers=key)

    owner = await place.person("owner").post(f"{HERE}/circuits", json=yard, headers=key)
    spelled = await place.person("owner").post(
        f"{HERE}/circuits", json=yard, headers={"Idempotency-Key": "person:installer.yard-1"}
    )

    assert first.status_code == 201
    assert owner.status_code == 403
    assert spelled.status_code == 422


async def test_a_token_is_worth_no_more_than_its_owner(place: ApiPlace) -> None:
    everything = place.token("driver", *Scope)

    assert (await everything.patch(HERE, json={"name": "Mine"})).status_code == 403
    assert (await everything.post("/installations", json=CREATE)).status_code == 403


async def test_the_document_names_no_address_of_anything_inside(place: ApiPlace) -> None:
    text = (await place.nobody().get("/openapi.json")).text

    for inner in ("nats", "postgres", "127.0.0.1", "commands.", "asked."):
        assert inner not in text
    assert f'"{PREFIX}"' in text
