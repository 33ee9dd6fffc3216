"""Versions, forms and positions: what was read, in which form, and how new it is."""

import csv
import io

import orjson
import pytest

from tests.integration.api.conftest import BAY, HARBOUR
from tests.support.api_place import ApiPlace

pytestmark = pytest.mark.integration

HERE = f"/installations/{HARBOUR}"
CHARGER = f"{HERE}/chargers/{BAY}"


async def test_a_change_decided_by_what_is_no_longer_so_is_refused(place: ApiPlace) -> None:
    installer = place.person("installer")
    read = await installer.get(CHARGER)
    since = await installer.put(f"{CHARGER}/priority", json={"priority": 3})

    late = await installer.patch(
        CHARGER, json={"name": "Bay A"}, headers={"If-Match": read.headers["ETag"]}
    )
    again = await installer.get(CHARGER)
    now = await installer.patch(
        CHARGER, json={"name": "Bay A"}, headers={"If-Match": again.headers["ETag"]}
    )

    assert since.status_code == 200
    assert (late.status_code, late.json()["title"]) == (412, "StaleVersion")
    assert again.json()["name"] != "Bay A"
    assert now.status_code == 200, now.text


async def test_a_change_that_was_made_already_is_made_no_second_time(place: ApiPlace) -> None:
    """A repetition gets the first answer, although the version has moved on, by itself."""
    installer = place.person("installer")
    tag = (await installer.get(CHARGER)).headers["ETag"]
    headers = {"If-Match": tag, "Idempotency-Key": "min-a-once"}

    first = await installer.patch(CHARGER, json={"name": "Bay B"}, headers=headers)
    again = await installer.patch(CHARGER, json={"name": "Bay B"}, headers=headers)

    assert first.status_code == again.status_code == 200
    assert first.json() == again.json()


@pytest.mark.parametrize(
    ("path", "if_match", "title"),
    [
        (f"{CHARGER}/priority", "yesterday", "UnknownVersion"),
        (f"{CHARGER}/roles/revoke", '"3"', "NoVersionHere"),
    ],
)
async def test_a_version_that_is_none_is_refused(
    place: ApiPlace, path: str, if_match: str, title: str
) -> None:
    body = (
        {"priority": 1}
        if path.endswith("priority")
        else {"grantee": "person/x", "role": "USER"}
    )
    method = "PUT" if path.endswith("priority") else "POST"

    answer = await place.person("installer").request(
        method, path, json=body, headers={"If-Match": if_match}
    )

    assert (answer.status_code, answer.json()["title"]) == (400, title)


async def test_a_list_comes_in_every_form(place: ApiPlace) -> None:
    owner = place.person("owner")

    whole = (await owner.get(f"{HERE}/chargers")).json()["items"]
    table = await owner.get(f"{HERE}/chargers", headers={"Accept": "text/csv"})
    lines = await owner.get(f"{HERE}/chargers", headers={"Accept": "application/x-ndjson"})

    rows = list(csv.DictReader(io.StringIO(table.text)))
    assert table.headers["Content-Type"].startswith("text/csv")
    assert [it["serial"] for it in rows] == [it["serial"] for it in whole]
    assert [orjson.loads(it) for it in lines.content.splitlines()] == whole


async def test_a_table_without_a_row_names_its_columns(place: ApiPlace) -> None:
    table = await place.person("driver").get("/sessions", headers={"Accept": "text/csv"})

    assert table.text.splitlines()[0].startswith("session_id,installation_id,charger_id")


async def test_the_next_page_is_named_in_every_form(place: ApiPlace) -> None:
    owner = place.person("owner")
    seen: list[str] = []
    url = f"{HERE}/chargers?limit=1"
    while url:
        page = await owner.get(url, headers={"Accept": "text/csv"})
        seen += [it["charger_id"] for it in csv.DictReader(io.StringIO(page.text))]
        url = page.links.get("next", {}).get("url", "")

    assert seen == ["bay-1", "bay-2"]


async def test_what_was_written_is_read_wherever_it_is_asked_for(place: ApiPlace) -> None:
    installer = place.person("installer")
    done = await installer.put(f"{CHARGER}/priority", json={"priority": 9})

    seen = await installer.get(CHARGER, params={"min_position": done.json()["min_position"]})
    never = await installer.get(CHARGER, params={"min_position": "nobody:1"})
    wrong = await installer.get(CHARGER, params={"min_position": "soon"})

    assert seen.json()["priority"] == 9
    assert (never.status_code, never.json()["title"]) == (503, "NotHeardYet")
    assert wrong.status_code == 422
