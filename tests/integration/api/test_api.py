"""What people see and do over the API, over real servers and the real installation service."""

from datetime import timedelta

import orjson
import pytest

from shared.clock import utc_now
from shared.messages.signing_in import Scope
from shared.messages.telemetry import SessionEnded, SessionStarted
from tests.integration.api.conftest import BAY, HARBOUR
from tests.support.api_place import ApiPlace
from tests.support.waiting import until

pytestmark = pytest.mark.integration

HERE = f"/installations/{HARBOUR}"


async def test_what_was_done_is_seen_by_whoever_did_it(place: ApiPlace) -> None:
    installer = place.person("installer")

    done = await installer.put(f"{HERE}/chargers/{BAY}/priority", json={"priority": 7})
    seen = await installer.get(f"{HERE}/chargers/{BAY}")  # nothing is waited for

    assert (done.status_code, done.json()["position"] > 0) == (200, True)
    assert seen.json()["priority"] == 7


async def test_everybody_sees_the_places_where_they_have_a_role(place: ApiPlace) -> None:
    async def listed(who: str) -> list[str]:
        answer = await place.person(who).get("/installations")
        return [it["installation_id"] for it in answer.json()["items"]]

    async def chargers(who: str) -> list[str]:
        answer = await place.person(who).get(f"{HERE}/chargers")
        return [it["charger_id"] for it in answer.json()["items"]]

    assert await listed("driver") == await listed("support") == [HARBOUR]
    assert await listed("stranger") == await listed("nobody-at-all") == []
    assert await chargers("owner") == ["bay-1", "bay-2"]
    assert await chargers("bay-owner") == ["bay-1"]


async def test_where_one_has_no_role_there_is_nothing(place: ApiPlace) -> None:
    stranger = place.person("stranger")

    here = await stranger.get(HERE)
    nowhere = await stranger.get("/installations/nowhere")
    other = await place.person("bay-owner").get(f"{HERE}/chargers/bay-2")
    unknown = await place.person("bay-owner").get(f"{HERE}/chargers/bay-9")

    assert here.status_code == nowhere.status_code == 404
    assert here.text == nowhere.text.replace("nowhere", HARBOUR)
    assert other.status_code == unknown.status_code == 404
    assert other.text == unknown.text.replace("bay-9", "bay-2")


async def test_where_one_has_a_role_it_is_said_what_it_takes(place: ApiPlace) -> None:
    answer = await place.person("owner").put(
        f"{HERE}/chargers/{BAY}/priority", json={"priority": 1}
    )

    assert answer.status_code == 403
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert "takes the role service" in answer.json()["detail"]


async def test_a_refusal_is_put_on_record(place: ApiPlace) -> None:
    await place.person("driver").patch(HERE, json={"name": "Mine"})

    async def found() -> list[str]:
        return [
            actor
            for actor, it in await place.refusals()
            if (it.asked_for, it.installation_id) == ("ChangeInstallation", HARBOUR)
        ]

    assert await until(found, bool) == ["person/driver"]


async def test_the_owner_of_a_charger_sets_authentication_there(place: ApiPlace) -> None:
    bay_owner = place.person("bay-owner")

    there = await bay_owner.put(
        f"{HERE}/chargers/{BAY}/authentication", json={"required": True}
    )
    whole = await bay_owner.put(f"{HERE}/authentication", json={"required": True})
    seen = await bay_owner.get(f"{HERE}/chargers/{BAY}")

    assert (there.status_code, whole.status_code) == (200, 403)
    assert seen.json()["authentication_required"]


async def test_a_rule_says_no_with_its_name_and_the_way_on(place: ApiPlace) -> None:
    answer = await place.person("installer").post(f"{HERE}/circuits/level-1/deactivate")

    assert answer.status_code == 409
    assert answer.json()["title"] == "CircuitInUse"
    assert answer.json()["type"] == "urn:ampledger:refusal:CircuitInUse"


async def test_the_same_key_gets_the_first_answer_and_nobody_elses(place: ApiPlace) -> None:
    installer, key = place.person("installer"), {"Idempotency-Key": "monday-1"}
    circuit = {"circuit_id": "roof", "name": "Roof", "breaker_a": 16}

    first = await installer.post(f"{HERE}/circuits", json=circuit, headers=key)
    again = await installer.post(f"{HERE}/circuits", json=circuit, headers=key)
    other = await installer.post(
        f"{HERE}/circuits", json=circuit | {"name": "Top"}, headers=key
    )
    owner = await place.person("owner").put(
        f"{HERE}/authentication", json={"required": False}, headers=key
    )

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["position"] == again.json()["position"] > 0
    assert (other.status_code, other.json()["title"]) == (409, "CommandIdReused")
    assert owner.status_code == 200  # under the same key, and it is another wish


async def test_a_token_does_what_it_is_meant_for(place: ApiPlace) -> None:
    reader = place.token("installer", Scope.READ)
    worker = place.token("installer", Scope.SERVICE)
    priority = {"priority": 3}

    assert (await reader.get(HERE)).status_code == 200
    refused = await reader.put(f"{HERE}/chargers/{BAY}/priority", json=priority)
    assert (refused.status_code, refused.json()["title"]) == (403, "OutOfScope")
    done = await worker.put(f"{HERE}/chargers/{BAY}/priority", json=priority)
    assert done.status_code == 200  # and needs no token of a page


async def test_what_changes_much_asks_who_it_is_once_more(place: ApiPlace) -> None:
    yesterday = place.person("installer", stepped_up=False)

    refused = await yesterday.patch(HERE, json={"name": "Quay"})
    allowed = await yesterday.get(HERE)

    assert (refused.status_code, refused.json()["title"]) == (403, "StepUpNeeded")
    assert allowed.status_code == 200


async def test_the_past_is_for_who_serves_it_and_for_support_with_a_reason(
    place: ApiPlace,
) -> None:
    await place.person("installer").put(f"{HERE}/chargers/{BAY}/priority", json={"priority": 8})

    told = (await place.person("installer").get(f"{HERE}/history")).json()["items"]
    silent = await place.person("support").get(f"{HERE}/history")
    owner = await place.person("owner").get(f"{HERE}/history")

    assert (told[0]["who"], told[0]["right"]) != ("", None)
    assert any("priority 8" in str(it["what"]) for it in told)
    assert (silent.status_code, silent.json()["title"]) == (422, "ReasonNeeded")
    assert owner.status_code == 403


async def test_sessions_are_their_drivers_and_the_owners_with_a_report(place: ApiPlace) -> None:
    began = utc_now()
    where = {"installation_id": HARBOUR, "charger_id": BAY}
    session = {"session_id": "s-1", "transaction_id": 1}
    before = place.heard.position("telemetry")
    await place.feed.tell(
        SessionStarted(**where, **session, started_at=began, register_wh=0, person_id="driver"),
        SessionEnded(
            **where,
            **session,
            ended_at=began + timedelta(hours=1),
            register_wh=7_400,
            energy_wh=7_400,
            reason="EVDisconnected",
        ),
    )
    assert await place.heard.until("telemetry", before + 2, 10.0)
    span = {"begins": began.isoformat(), "ends": (began + timedelta(hours=2)).isoformat()}
    tariff = {"currency": "NOK", "price_per_kwh": "1.20", "vat_percent": "25"}
    priced = await place.person("owner").put(f"{HERE}/tariffs/2026-01-01", json=tariff)
    refused = await place.person("installer").put(f"{HERE}/tariffs/2026-01-01", json=tariff)

    own = (await place.person("driver").get("/sessions")).json()["items"]
    others = (await place.person("bay-owner").get("/sessions")).json()["items"]
    there = await place.person("bay-owner").get(f"{HERE}/chargers/{BAY}/sessions")
    report = await place.person("owner").get(f"{HERE}/report", params=span)
    sheet = await place.person("owner").get(f"{HERE}/report", params=span | {"format": "csv"})
    lines = await place.person("owner").get(
        f"{HERE}/report", params=span, headers={"Accept": "application/x-ndjson"}
    )
    earlier = await place.person("owner").get(
        f"{HERE}/sessions", params={"ends": began.isoformat()}
    )
    naive = await place.person("owner").get(
        f"{HERE}/report", params={"begins": "2026-11-01T00:00:00"}
    )

    assert [it["energy_wh"] for it in own] == [7_400]
    assert others == []
    assert [it["session_id"] for it in there.json()["items"]] == ["s-1"]
    assert (priced.status_code, refused.status_code) == (200, 403)
    assert report.json()["energy_by_charger_wh"] == {BAY: 7_400}
    assert report.json()["costs"] == [
        {"currency": "NOK", "net": "8.88", "vat": "2.22", "gross": "11.10"}
    ]
    assert lines.headers["Content-Type"].startswith("application/x-ndjson")
    assert [it["gross"] for it in map(orjson.loads, lines.content.splitlines())] == ["11.10"]
    assert "s-1" not in [it["session_id"] for it in earlier.json()["items"]]
    assert sheet.text.splitlines()[1].startswith("s-1,bay-1,")
    assert sheet.headers["Content-Disposition"] == 'attachment; filename="harbour.csv"'
    assert naive.status_code == 422


async def test_lists_come_a_page_at_a_time(place: ApiPlace) -> None:
    owner = place.person("owner")

    first = (await owner.get(f"{HERE}/chargers", params={"limit": 1})).json()
    rest = (
        await owner.get(f"{HERE}/chargers", params={"limit": 1, "cursor": first["next"]})
    ).json()

    assert [it["charger_id"] for it in first["items"] + rest["items"]] == ["bay-1", "bay-2"]
    assert rest["next"] is None
    wrong = await owner.get(f"{HERE}/chargers", params={"cursor": "elsewhere"})
    assert wrong.status_code == 422
