"""The page of a charger and of a breaker: who sees what, and what comes of what is filled in."""

from collections.abc import Mapping, Sequence
from typing import Any

import httpx
import pytest
from starlette.requests import Request

from services.portal.charger_page.stories import SHOWN_MAX, story_of
from services.portal.charging import ChargingSession
from services.portal.charging_folds import Sessions
from services.portal.viewers import Sight, Viewers
from services.portal.watching import streamed
from shared.ids import InstallationId
from shared.messages import Answer, Command, Verdict
from shared.messages.installation import PrioritySet
from shared.messages.installation_commands import SetChargingWish, SetPriority
from shared.messages.permissions import PlatformRole, Role
from shared.messages.telemetry import StartCharging, StopCharging
from shared.recorded import Recorded
from shared.rights.grants import Grant, Grants, PlaceGrants, PlatformGrants
from tests.unit.history.facts import garage_with_a_charger
from tests.unit.portal.facts import GARAGE, OSLO, at, known
from tests.unit.portal.test_pages import asking, sights

BAY = f"/installations/{GARAGE}/chargers/bay-1"
FORM = {"csrf": "c", "key": "once"}


def grants(*held: tuple[str, Role, str | None]) -> Grants:
    found = tuple(
        Grant(grantee=f"person/{who}", role=role, charger_id=charger_id)
        for who, role, charger_id in held
    )
    roles: Mapping[str, frozenset[PlatformRole]] = {}
    return Grants({GARAGE: PlaceGrants(grants=found)}, PlatformGrants(roles=dict(roles)), {})


OLGA = grants(("olga", Role.OWNER, None))
OF_BAY_1 = grants(("olga", Role.OWNER, "bay-1"))
USER = grants(("olga", Role.USER, None))
INSTALLER = grants(("olga", Role.SERVICE, None))


class Doer:
    """Notes what is asked for, and answers as a test says."""

    def __init__(self, refusal: str = "", detail: str = "") -> None:
        self.asked: list[Command] = []
        self._answer = Answer(
            verdict=Verdict.REFUSED if refusal else Verdict.ACCEPTED,
            refusal=refusal or None,
            detail=detail or None,
        )

    async def ask(self, _asker: object, command: Command) -> Answer:
        self.asked.append(command)
        return self._answer


def session(**changes: object) -> Sessions:
    """The session that runs at the first bay."""
    known_of: dict[str, object] = {
        "session_id": "s-1",
        "installation_id": GARAGE,
        "charger_id": "bay-1",
        "person_id": "dora",
        "started_at": at(-600),
    }
    sessions = Sessions()
    one = ChargingSession.model_validate(known_of | changes)
    sessions.going_on._held[f"{GARAGE}/{one.session_id}"] = one
    return sessions


def client(seen: Grants = OLGA, **more: Any) -> httpx.AsyncClient:
    return asking(sights(known()), session="olga's", grants=seen, **more)


async def test_the_page_says_why_what_helps_and_what_is_above() -> None:
    async with client() as http:
        page = (await http.get(BAY)).text

    assert "Circuit Level 1 may carry 50 A on L1, and 9 cars share it" in page
    assert "More comes as soon as another car behind circuit Level 1" in page
    assert page.index('data-node="breakers:level-1"') < page.index('data-node="breakers:main"')
    assert "holds it down on L1" in page
    assert f'data-trace="/api/v1/installations/{GARAGE}/chargers/bay-1/trace"' in page
    assert "Nothing was heard in this time." in page


@pytest.mark.parametrize(
    ("seen", "bay", "status"),
    [
        (OLGA, "bay-1", 200),
        (OF_BAY_1, "bay-1", 200),
        (OF_BAY_1, "bay-2", 404),
        (USER, "bay-1", 403),
        (grants(), "bay-1", 404),
        (OLGA, "bay-9", 404),
    ],
)
async def test_who_may_look_sees_it_and_nobody_else(
    seen: Grants, bay: str, status: int
) -> None:
    async with client(seen) as http:
        page = await http.get(f"/installations/{GARAGE}/chargers/{bay}")

    assert page.status_code == status
    assert ("Why this current?" in page.text) is (status == 200)


async def test_what_somebody_may_not_do_is_shown_with_who_may() -> None:
    async with client(INSTALLER) as http:
        installer = (await http.get(BAY)).text
    async with client(OLGA) as http:
        owner = (await http.get(BAY)).text

    assert "This takes the role user or owner of charger or owner of installation." in installer
    assert f'action="{BAY}/stop"' not in installer
    assert f'action="{BAY}/priority"' in installer
    assert "This takes the role service." in owner
    assert f'action="{BAY}/priority"' not in owner
    assert f'action="{BAY}/stop"' in owner


async def test_an_installer_shows_once_more_who_it_is_before_changing_who_comes_first() -> None:
    async with client(INSTALLER) as http:
        page = (await http.get(BAY)).text

    assert "To change something here, show first that it is you." in page


@pytest.mark.parametrize(
    ("form", "fields", "kind", "told"),
    [
        ("start", {}, StartCharging, "The charger was told to begin."),
        ("stop", {}, StopCharging, "The charger was told to end the session."),
        ("priority", {"priority": "7"}, SetPriority, "The priority was set."),
        ("wish", {"ready_by": "07:00", "kwh": "30"}, SetChargingWish, "The wish was noted."),
    ],
)
async def test_a_form_becomes_a_command_and_says_so(
    form: str, fields: dict[str, str], kind: type[Command], told: str
) -> None:
    doer = Doer()
    async with client(acting=doer) as http:
        done = await http.post(f"{BAY}/{form}", data=FORM | fields)
        page = (await http.get(BAY)).text

    assert (done.status_code, done.headers["location"]) == (303, BAY)
    assert told in page
    (command,) = doer.asked
    assert isinstance(command, kind)
    assert command.command_id == "person:olga.once"


async def test_a_wish_is_in_the_time_of_the_place() -> None:
    doer = Doer()
    async with client(acting=doer) as http:
        await http.post(f"{BAY}/wish", data=FORM | {"ready_by": "07:00", "kwh": "30,5"})

    (command,) = doer.asked
    assert isinstance(command, SetChargingWish)
    assert command.energy_wh == 30_500
    assert str(command.departure_at) == "2026-11-23 07:00:00+00:00"  # the garage's own zone


@pytest.mark.parametrize(
    ("form", "fields", "wrong"),
    [
        ("wish", {"ready_by": "soon", "kwh": "30"}, "Write a time such as 07:00."),
        ("wish", {"kwh": "2000", "ready_by": "07:00"}, "Between 0.1 and 1000 kWh."),
        ("wish", {"kwh": "30"}, "Fill in both, or neither for no wish."),
        ("priority", {"priority": "high"}, "This is no number."),
    ],
)
async def test_what_is_filled_in_wrongly_is_shown_again_with_what_is_wrong(
    form: str, fields: dict[str, str], wrong: str
) -> None:
    doer = Doer()
    async with client(
        grants(("olga", Role.SERVICE, None), ("olga", Role.OWNER, None)), acting=doer
    ) as http:
        page = await http.post(f"{BAY}/{form}", data=FORM | fields)

    assert page.status_code == 422
    assert wrong in page.text
    assert f'value="{next(iter(fields.values()))}"' in page.text
    assert doer.asked == []


async def test_a_refusal_is_told_in_its_own_words() -> None:
    async with client(acting=Doer("NoSession", "no session runs there")) as http:
        page = await http.post(f"{BAY}/stop", data=FORM)

    assert page.status_code == 409
    assert "No session runs there." in page.text


async def test_a_form_of_another_session_is_refused() -> None:
    doer = Doer()
    async with client(acting=doer) as http:
        page = await http.post(f"{BAY}/stop", data={"csrf": "stolen"})

    assert (page.status_code, doer.asked) == (403, [])


async def test_who_charges_is_told_to_themselves() -> None:
    async with client(sessions=session(person_id="olga")) as http:
        page = (await http.get(BAY)).text

    assert " · you</p>" in page


async def test_a_page_of_a_breaker_shows_its_bars_its_chart_and_its_chargers() -> None:
    async with client() as http:
        page = (await http.get(f"/installations/{GARAGE}/breakers/level-1")).text
        nowhere = await http.get(f"/installations/{GARAGE}/breakers/attic")

    assert 'data-node="breakers:level-1"' in page
    assert f'data-trace="/api/v1/installations/{GARAGE}/circuits/level-1/trace"' in page
    assert f'href="{BAY}"' in page
    assert nowhere.status_code == 404


# --- What happened lately ---


async def garage_log(_: InstallationId) -> Mapping[str, Sequence[Recorded]]:
    log = garage_with_a_charger()
    return {log.service: log.events}


async def test_what_happened_lately_is_told_of_that_charger_alone() -> None:
    log = garage_with_a_charger()
    charger_id = next(
        it.event.charger_id for it in log.events if hasattr(it.event, "charger_id")
    )
    installation_id = log.events[0].event.installation_id  # type: ignore[attr-defined]
    told = story_of({log.service: log.events}, {}, installation_id, charger_id, OSLO)
    nothing = story_of({log.service: log.events}, {}, installation_id, "bay-99", OSLO)

    assert len(told) >= 1
    assert list(nothing) == []


async def test_of_very_much_the_newest_is_told_and_it_comes_first() -> None:
    log = garage_with_a_charger()
    first = next(it.event for it in log.events if hasattr(it.event, "charger_id"))
    of: dict[str, str] = {
        "installation_id": first.installation_id,  # type: ignore[attr-defined]
        "charger_id": first.charger_id,
    }
    for priority in range(10):
        for _again in range(3):
            log.act(PrioritySet(**of, priority=priority), actor="person/nina")
    told = story_of(
        {log.service: log.events},
        {"nina": "Nina Berg"},
        of["installation_id"],
        of["charger_id"],
        OSLO,
    )

    assert len(told) == SHOWN_MAX
    assert told[0].who == "Nina Berg"
    assert "9" in told[0].texts[0]


async def test_lately_is_told_to_who_may_see_history() -> None:
    async with client(INSTALLER, past=garage_log) as http:
        allowed = await http.get(f"{BAY}/past")
    async with client(OLGA, past=garage_log) as http:
        forbidden = await http.get(f"{BAY}/past")

    assert allowed.status_code == 200
    assert "Nothing is told of this charger yet." in allowed.text
    assert forbidden.status_code == 403


# --- The stream ---


async def test_a_stream_ends_when_it_may_not_be_seen_any_more() -> None:
    seen = sights(known())
    allowed = [True, True, False]

    def draw() -> Mapping[str, Any]:
        return {"head": {"structure": str(len(allowed))}}

    request = Request({"type": "http", "state": {}})
    answer = streamed(
        request, Viewers(seen.view, beat_s=0.01), Sight(GARAGE), draw, lambda: allowed.pop(0)
    )
    told = [it async for it in answer.body_iterator]

    assert [it.event for it in told] == ["view", "view"]  # type: ignore[union-attr]
