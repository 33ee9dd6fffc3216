"""Pages of setting up, without any server behind them: who sees what, what is asked for, what is kept."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import httpx
from nats.errors import NoRespondersError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from services.portal.documents import Layout
from services.portal.doing import Doing
from services.portal.facts import Facts
from services.portal.guarding import Guard
from services.portal.paper import Paper
from services.portal.places import Places
from services.portal.seeing import Seeing
from services.portal.setup.pages import routes
from services.portal.view import view_of
from shared.messages import Answer, Command, Verdict
from shared.messages.installation_commands import (
    AddCircuit,
    AssignChargers,
    ChangeCharger,
    ChangeCircuit,
    CreateInstallation,
    DeactivateCircuit,
    DeactivateInstallation,
    MoveCharger,
    ReactivateCircuit,
    ReactivateInstallation,
    RemoveCharger,
    SetFailSafe,
)
from shared.messages.permissions import PlatformRole, Role
from shared.messages.signing_in import Asker
from shared.rights.grants import Grant, Grants, PlaceGrants, PlatformGrants
from tests.unit.portal.facts import AT, GARAGE, GUESTS_LOCKED, LAYOUT, OSLO, at, known

HOME = f"/installations/{GARAGE}"
DONE = Answer(verdict=Verdict.ACCEPTED, position=1)
Answers = Callable[[Command], Answer]


def grants(role: Role, installation_id: str = GARAGE) -> Grants:
    grant = Grant(grantee="person/ada", role=role)
    installers = {"person/ada": frozenset({PlatformRole.INSTALLER})}
    roles = installers if role is Role.SERVICE else {}
    return Grants(
        {installation_id: PlaceGrants(grants=(grant,))}, PlatformGrants(roles=roles), {}
    )


class Answering:
    """Stands for acting: notes what it was asked, and answers."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self.asked: list[Any] = []

    async def ask(self, _: Asker, command: Command) -> Answer:
        self.asked.append(command)
        return self._answers(command)


class Nowhere:
    """Stands for a connection: nobody answers questions."""

    async def request(self, *_: object, **__: object) -> None:
        raise NoRespondersError


class AsAda:
    """Signs Ada in."""

    def __init__(self, app: ASGIApp, *, fresh: bool) -> None:
        self._app = app
        until = at(900) if fresh else None
        self._asker = Asker(
            actor="person/ada", name="Ada", session_id="s", csrf="c", stepped_up_until=until
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {})["asker"] = self._asker
        await self._app(scope, receive, send)


class Browser:
    """Ada's browser at a portal that knows some installations."""

    def __init__(
        self,
        *layouts: Layout,
        role: Role = Role.SERVICE,
        fresh: bool = True,
        answers: Answers = lambda _: DONE,
    ) -> None:
        held = {it.installation_id: it for it in layouts or (LAYOUT,)}
        self.acting = Answering(answers)
        paper = Paper(lambda: "09:00:00")

        def facts(installation_id: str) -> Facts:
            return known(layout=held[installation_id])

        def view(sight: Any) -> Any:
            return view_of(
                facts(sight.installation_id), AT, OSLO, deactivated=sight.deactivated
            )

        given = grants(role)
        book: Any = SimpleNamespace(grants=given)
        standing = {
            it.serial: (layout, it) for layout in held.values() for it in layout.chargers
        }
        models: Any = SimpleNamespace(
            layouts=SimpleNamespace(get=held.get, held=held), standing=lambda: standing
        )
        acting: Any = self.acting
        client: Any = Nowhere()
        guard = Guard(book, lambda it: it in held, lambda *_: None, lambda: AT)
        parts: Any = SimpleNamespace(  # as far as these pages use them
            paper=paper,
            sights=SimpleNamespace(view=view, knocks=tuple),
            seeing=Seeing(lambda: given, lambda: AT),
            guard=guard,
            acting=acting,
            models=models,
            client=client,
            places=Places(guard, held.get, lambda _: 0),
            doing=Doing(acting),
        )

        async def fault(request: Request, error: Exception) -> Response:
            assert isinstance(error, HTTPException)
            return paper.fault(request, error)

        app = Starlette(
            routes=routes(parts),
            middleware=[Middleware(AsAda, fresh=fresh)],
            exception_handlers={HTTPException: fault},
        )
        self._http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url="http://portal.test"
        )

    async def get(self, path: str) -> httpx.Response:
        return await self._http.get(path)

    async def send(self, path: str, **filled: str) -> httpx.Response:
        return await self._http.post(path, data={"csrf": "c", "key": "wish-1"} | filled)

    @property
    def asked(self) -> list[Any]:
        return self.acting.asked


def refusing(name: str, detail: str, *, after: int = 0) -> Answers:
    """Accept so many commands, and refuse the next ones."""
    left = iter([DONE] * after)
    no = Answer(verdict=Verdict.REFUSED, refusal=name, detail=detail)
    return lambda _: next(left, no)


# --- Who sees what ---


async def test_an_owner_sees_circuits_and_is_told_who_may_change_them() -> None:
    browser = Browser(role=Role.OWNER)
    page = (await browser.get(f"{HOME}/circuits")).text
    one = (await browser.get(f"{HOME}/circuits/level-1")).text

    assert "changed by who has the role Service here" in page
    assert "Add a circuit" not in page
    assert "changed by who has the role Service here" in one
    assert '<fieldset class="bare" disabled>' in one
    assert (await browser.get(f"{HOME}/circuits/level-1/chargers/new")).status_code == 403
    assert (await browser.send(f"{HOME}/circuits", name="X", breaker_a="16")).status_code == 403
    assert (await browser.get("/installations/new")).status_code == 403
    assert browser.asked == []


async def test_whoever_has_no_role_there_finds_nothing() -> None:
    other = LAYOUT.model_copy(update={"installation_id": "hill"})
    browser = Browser(LAYOUT, other)

    for path in ("", "/level-1", "/level-1/deactivate", "/level-1/chargers/new"):
        assert (await browser.get(f"/installations/hill/circuits{path}")).status_code == 404
    assert "hill" not in (await browser.get("/")).text


async def test_who_has_not_proven_it_lately_is_asked_to_before_they_fill_anything_in() -> None:
    browser = Browser(fresh=False)

    for path in (
        "/installations/new",
        f"{HOME}/circuits",
        f"{HOME}/circuits/level-1/chargers/new",
    ):
        assert "show first that it is you" in (await browser.get(path)).text


async def test_what_is_not_there_is_said_to_be_not_there() -> None:
    browser = Browser()

    for path in ("circuits/nowhere", "circuits/nowhere/deactivate", "chargers/nowhere/set-up"):
        assert (await browser.get(f"{HOME}/{path}")).status_code == 404


# --- The list ---


async def test_the_list_is_searched_by_the_server_and_its_address_says_how() -> None:
    browser = Browser()

    assert "Sea Street garage" in (await browser.get("/?q=zap000002")).text
    none = (await browser.get("/?q=%3Cb%3Ehill&show=problems")).text
    assert "No installation is like that." in none
    assert "&lt;b&gt;hill" in none
    assert (await browser.get("/api/installations?q=hill")).json()["installations"] == []


async def test_a_charger_that_nobody_has_added_is_led_to_the_circuit_it_stands_on() -> None:
    hill = LAYOUT.model_copy(update={"installation_id": "hill", "name": "Secret hill"})
    browser = Browser(LAYOUT, hill)
    page = (await browser.get("/chargers/place?serial=NEW%22000001")).text
    path = f"{HOME}/circuits/guests/chargers/new?serials=NEW%22000001"

    assert path in page
    assert "Secret hill" not in page
    assert "NEW&#34;000001</textarea>" in (await browser.get(path)).text
    nobody = Browser(role=Role.OWNER)
    assert "You may add chargers nowhere" in (await nobody.get("/chargers/place?serial=A")).text


# --- An installation ---


async def test_a_new_installation_is_checked_while_it_is_described() -> None:
    browser = Browser()
    page = await browser.send("/installations/check", name="Sea Street garage", breaker_a="155")

    assert "is it 125 A or 160 A?" in page.text
    assert "You have an installation of this name already" in page.text
    assert "Id: sea-street-garage" in page.text
    assert "Fill this in" not in page.text
    assert browser.asked == []


async def test_an_installation_is_created_with_what_was_proposed() -> None:
    browser = Browser()
    answer = await browser.send(
        "/installations/new",
        name="Garage 1",
        address="Quay 1",
        category="COMPANY",
        country="SE",
        type="GARAGE",
        grid_type="TN_3_PHASE",
        breaker_a="63,0 A",
    )

    (asked,) = browser.asked
    assert isinstance(asked, CreateInstallation)
    assert asked.installation_id == "garage-1-2"  # garage-1 is taken
    assert (asked.breaker_a, asked.time_zone) == (63.0, "Europe/Stockholm")
    assert (
        answer.headers["Location"] == "/"
    )  # nobody has given the role yet; not a page that is not there


# --- Circuits ---


async def test_a_circuit_is_added_beneath_another_one() -> None:
    browser = Browser()
    answer = await browser.send(
        f"{HOME}/circuits", name="Level 1", parent_id="level-1", breaker_a="32 A", set_a="25,5"
    )

    (asked,) = browser.asked
    assert asked == AddCircuit(
        command_id=asked.command_id,
        installation_id=GARAGE,
        circuit_id="level-1-2",
        parent_id="level-1",
        name="Level 1",
        breaker_a=32,
        set_a=25.5,
    )
    assert answer.headers["Location"] == f"{HOME}/circuits?new=level-1-2"


async def test_a_refusal_is_shown_above_the_form_with_what_was_typed() -> None:
    browser = Browser(answers=refusing("BreakerAboveParent", "enter at most 63 A"))
    page = await browser.send(f"{HOME}/circuits", name="Yard <1>", breaker_a="100")

    assert page.status_code == 409
    assert "Enter at most 63 A." in page.text
    assert 'value="Yard &lt;1&gt;"' in page.text
    assert 'value="100"' in page.text


async def test_what_was_typed_in_one_form_leaves_the_others_as_they_are() -> None:
    browser = Browser()
    page = await browser.send(f"{HOME}/circuits/guests", name="", breaker_a="x", set_a="16")

    assert page.status_code == 422
    assert "This is no number." in page.text
    assert '<option value="level-1" selected>' in page.text  # where it hangs
    assert browser.asked == []


async def test_an_empty_set_value_is_all_of_the_breaker() -> None:
    browser = Browser()
    await browser.send(f"{HOME}/circuits/level-1", name="Level 1", breaker_a="40", set_a="")

    (asked,) = browser.asked
    assert isinstance(asked, ChangeCircuit)
    assert (asked.breaker_a, asked.set_a) == (40.0, 40.0)


# --- Out of use ---


async def test_chargers_in_the_way_are_listed_and_never_locked_by_accident() -> None:
    browser = Browser()
    page = (await browser.get(f"{HOME}/circuits/level-1/deactivate")).text
    refused = await browser.send(f"{HOME}/circuits/level-1/deactivate", reason="sold")

    assert "ZAP000001" in page
    assert "ZAP000002" in page  # beneath it
    assert refused.status_code == 409
    assert 'value="sold"' in refused.text
    assert browser.asked == []


async def test_with_the_tick_they_are_locked() -> None:
    browser = Browser()
    await browser.send(f"{HOME}/circuits/guests/deactivate", lock="1", reason="sold")

    (asked,) = browser.asked
    assert isinstance(asked, DeactivateCircuit)
    assert (asked.lock_serials, asked.reason) == (True, "sold")


async def test_the_whole_installation_goes_out_of_use_and_comes_back_in_the_same_way() -> None:
    browser = Browser()
    refused = await browser.send(f"{HOME}/circuits/main/deactivate")
    await browser.send(f"{HOME}/circuits/main/deactivate", lock="1")
    await browser.send(f"{HOME}/circuits/main/reactivate")
    await browser.send(f"{HOME}/circuits/guests/reactivate")

    assert refused.status_code == 409
    assert [type(it) for it in browser.asked] == [
        DeactivateInstallation,
        ReactivateInstallation,
        ReactivateCircuit,
    ]


async def test_each_charger_is_moved_by_a_wish_of_its_own_that_is_the_same_when_sent_again() -> (
    None
):
    first, second = Browser(), Browser()
    for browser in (first, second):
        await browser.send(f"{HOME}/circuits/level-1/clear", way="move", to="guests")

    assert [type(it) for it in first.asked] == [MoveCharger, MoveCharger]
    ids = [it.command_id for it in first.asked]
    assert len(set(ids)) == 2
    assert ids == [it.command_id for it in second.asked]


async def test_what_was_done_before_something_was_refused_is_said() -> None:
    browser = Browser(answers=refusing("UnknownCharger", "it is gone", after=1))
    page = await browser.send(f"{HOME}/circuits/level-1/clear", way="remove", sure="1")

    assert [type(it) for it in browser.asked] == [RemoveCharger, RemoveCharger]
    assert "1 of 2 are done; then: It is gone." in page.text


async def test_a_click_alone_moves_and_removes_nothing() -> None:
    browser = Browser()
    for filled in ({"way": "move"}, {"way": "remove"}, {}):
        page = await browser.send(f"{HOME}/circuits/level-1/clear", **filled)
        assert page.status_code == 422

    assert browser.asked == []


# --- Chargers ---


async def test_many_chargers_are_added_together_or_not_at_all() -> None:
    browser = Browser()
    path = f"{HOME}/circuits/guests/chargers"
    bad = await browser.send(f"{path}/new", chargers="ZAP000012\nZAP000001", prefix="Bay")
    assert bad.status_code == 422
    assert "It is “Bay 1” here already." in bad.text
    assert "ZAP000012\nZAP000001</textarea>" in bad.text
    assert browser.asked == []

    good = await browser.send(f"{path}/new", chargers="ZAP000012 ZAP000013", prefix="Bay")
    (asked,) = browser.asked
    assert isinstance(asked, AssignChargers)
    assert [it.name for it in asked.chargers] == ["Bay 3", "Bay 4"]
    assert good.headers["Location"] == f"{HOME}/circuits?new=guests"


async def test_a_serial_that_stands_where_somebody_sees_nothing_is_not_told_where() -> None:
    charger = LAYOUT.chargers[0].model_copy(
        update={"serial": "HILL00001", "name": "Secret bay"}
    )
    hill = LAYOUT.model_copy(
        update={"installation_id": "hill", "name": "Secret hill", "chargers": (charger,)}
    )
    browser = Browser(LAYOUT, hill)
    page = await browser.send(f"{HOME}/circuits/guests/chargers/check", chargers="HILL00001")

    assert "It is added at another installation." in page.text
    assert "Secret" not in page.text


async def test_nothing_is_added_on_what_is_out_of_use() -> None:
    browser = Browser(GUESTS_LOCKED)

    assert (await browser.get(f"{HOME}/circuits/guests/chargers/new")).status_code == 409


async def test_a_charger_is_described_anew_in_full() -> None:
    browser = Browser()
    await browser.send(
        f"{HOME}/chargers/bay-1/set-up",
        name="Ferry",
        wiring="L2 L3 L1",
        max_a="16",
        min_a="6",
        breaker_a="",
        phase_switching="ANY_TERMINAL",
    )
    await browser.send(f"{HOME}/chargers/bay-1/set-up/fail-safe", fail_safe="computed")

    described, fail_safe = browser.asked
    assert isinstance(described, ChangeCharger)
    assert " ".join(described.wiring or ()) == "L2 L3 L1"
    assert described.without_breaker
    assert isinstance(fail_safe, SetFailSafe)
    assert fail_safe.fail_safe_a is None


async def test_a_locked_charger_says_what_locked_it_and_offers_nothing_to_change() -> None:
    page = (await Browser(GUESTS_LOCKED).get(f"{HOME}/chargers/bay-2/set-up")).text

    assert "its circuit Guests was deactivated" in page
    assert page.count('<fieldset class="bare" disabled>') == 4


async def test_a_charger_moves_to_another_installation_that_one_serves() -> None:
    browser = Browser()
    answer = await browser.send(f"{HOME}/chargers/bay-1/set-up/move", to="hill/east")

    (asked,) = browser.asked
    assert (asked.to_installation_id, asked.circuit_id) == ("hill", "east")
    assert answer.headers["Location"] == "/installations/hill/circuits?new=east"
