"""Pages, API and headers, without any server behind them."""

import re
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import httpx
import pytest_asyncio
from starlette.applications import Starlette

from services.portal.charging_folds import Sessions
from services.portal.documents import Deactivation, Layout
from services.portal.facts import Facts
from services.portal.guarding import Guard
from services.portal.knocks import Knock
from services.portal.looks import Admit
from services.portal.pages import application
from services.portal.paper import Paper, static_url
from services.portal.parts import Parts, Sights
from services.portal.past import Name, Past
from services.portal.seeing import Seeing
from services.portal.signing_in.questions import PermissionsUnavailable, R
from services.portal.traces.keeping import Keeping
from services.portal.traces.recent import Recent
from services.portal.traces.samples import Key, Minute
from services.portal.traces.tracing import Traces
from services.portal.view import InstallationView, view_of
from services.portal.viewers import Sight, Viewers
from shared.ids import InstallationId, PersonId
from shared.messages.balancer import Rule, RunnerUp
from shared.messages.permissions import PlatformRole
from shared.messages.signing_in import Asker, Query, WhoIs
from shared.phases import Phase
from shared.recorded import Recorded
from shared.rights.grants import Grants, PlatformGrants
from tests.unit.portal.facts import (
    AT,
    BREAKER_L1,
    GARAGE,
    GUESTS_LOCKED,
    LAYOUT,
    OSLO,
    known,
    share,
)

HOSTILE = "<script>alert(1)</script>"


class Shown:
    """Everything there is, as it is set up and as it is seen."""

    def __init__(self, everything: Sequence[Facts]) -> None:
        self._by_id = {it.layout.installation_id: it for it in everything}

    def layout(self, installation_id: InstallationId) -> Layout | None:
        facts = self._by_id.get(installation_id)
        return None if facts is None else facts.layout

    def facts(self, installation_id: InstallationId) -> Facts | None:
        return self._by_id.get(installation_id)

    @property
    def layouts(self) -> dict[InstallationId, Layout]:
        return {it: facts.layout for it, facts in self._by_id.items()}

    def __call__(self, sight: Sight) -> InstallationView | None:
        facts = self._by_id.get(sight.installation_id)
        if facts is None:
            return None
        return view_of(facts, AT, OSLO, deactivated=sight.deactivated)


def sights(*everything: Facts, knocks: tuple[Knock, ...] = ()) -> Sights:
    shown = Shown(everything)
    return Sights(
        view=shown,
        knocks=lambda: knocks,
        facts=shown.facts,
        time_of_day=lambda: "09:00:00",
    )


def knock(**changes: Any) -> Knock:
    given: dict[str, Any] = {
        "serial": "ZAP000999",
        "at": "08:59",
        "remote": "10.0.0.9",
        "place": "",
        "locked": False,
        "reason": "nobody assigned it",
        "way": "Assign it?",
        "command": "ampledger charger assign INSTALLATION CIRCUIT ZAP000999",
    }
    return Knock(**(given | changes))


SUPPORT = Grants(
    {}, PlatformGrants(roles={"person/ada": frozenset({PlatformRole.SUPPORT})}), {}
)


class Permissions:
    """Knows sessions of somebody of support, and of somebody without any role; and then it is away."""

    async def ask(self, query: Query, reply: type[R]) -> R:
        asked = query.session if isinstance(query, WhoIs) else None
        if asked == "unknown at present":
            raise PermissionsUnavailable
        names = {"ada's": "ada", "ben's": "ben", "dora's": "dora", "olga's": "olga"}
        name = names.get(asked or "")
        asker = name and Asker(
            actor=f"person/{name}", name=name.title(), session_id="s", csrf="c"
        )
        return reply.model_validate({"asker": asker or None})


async def nothing(_: InstallationId) -> Mapping[str, Sequence[Recorded]]:
    return {}


async def everybody(_: Asker, __: InstallationId, ___: str | None) -> None:
    """Whoever can see a place may look at its past."""


async def nobody(_: Collection[PersonId], __: str) -> Mapping[PersonId, str]:
    """Nobody's name may be told."""
    return {}


class NothingKept(Keeping):
    """A database in which no trace is kept."""

    def __init__(self) -> None:
        super().__init__(None, Recent(), lambda: AT)

    async def minutes(self, _key: Key, _begins: datetime, _ends: datetime) -> list[Minute]:
        return []


class NobodyCharged:
    """A database without sessions."""

    async def page(self, *_: object) -> list[Any]:
        return []


def asking(
    seen: Sights,
    session: str = "ada's",
    past: Callable[..., Any] = nothing,
    admit: Admit = everybody,
    name: Name = nobody,
    grants: Grants = SUPPORT,
    acting: Any = None,
    sessions: Sessions | None = None,
) -> httpx.AsyncClient:
    unused: Any = None
    traces = Traces(Recent(), NothingKept(), lambda *_: None, lambda: AT)
    assert isinstance(seen.view, Shown)
    layout = seen.view.layout
    models: Any = SimpleNamespace(
        layouts=SimpleNamespace(get=layout, held=seen.view.layouts),
        open_warnings=lambda _: 0,
        sessions=sessions or Sessions(),
        book=SimpleNamespace(grants=grants),
    )
    book: Any = models.book
    guard = Guard(book, lambda it: layout(it) is not None, lambda *_: None, lambda: AT)
    parts = Parts(
        paper=Paper(seen.time_of_day),
        sights=seen,
        viewers=Viewers(seen.view),
        seeing=Seeing(lambda: grants, lambda: AT),
        questions=Permissions(),
        past=Past(past, name),
        admit=admit,
        guard=guard,
        acting=acting,
        models=models,
        sessions=NobodyCharged(),
        maker=unused,
        client=unused,
        traces=traces,
        now=lambda: AT,
    )
    app = application(parts, Starlette())
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app),
        base_url="http://portal.test",
        cookies={"ampledger": session},
    )


@pytest_asyncio.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with asking(sights(known())) as client:
        yield client


async def test_the_first_picture_is_drawn_by_the_server(http: httpx.AsyncClient) -> None:
    page = (await http.get(f"/installations/{GARAGE}")).text

    assert "Sea Street garage" in page
    assert "11.4 of 12.0 A" in page
    assert "circuit Level 1 is fully shared out on L1 among 9 cars" in page
    assert "20.0</b>" in page
    assert 'http-equiv="refresh"' in page  # within noscript: a still picture for everybody else


async def test_a_limit_is_shown_with_what_would_be_next() -> None:
    main = RunnerUp(rule=Rule.BREAKER, circuit_id="main", phase=Phase.L3, limit_a=14.5)
    reason = BREAKER_L1.model_copy(update={"runner_up": main})
    async with asking(sights(known(shares={"bay-1": share(12.0, reason)}))) as client:
        page = (await client.get(f"/installations/{GARAGE}")).text

    assert "the main breaker on L3 would be next, at 14.5 A" in page


async def test_the_tree_is_a_nested_list(http: httpx.AsyncClient) -> None:
    page = (await http.get(f"/installations/{GARAGE}")).text
    order = [page.index(f'data-node="{it}"') for it in (
        "breakers:main", "breakers:level-1", "chargers:bay-1", "breakers:guests", "chargers:bay-2",
    )]  # fmt: skip

    assert order == sorted(order)
    assert page.count('<ul class="circuits">') == 2


async def test_the_filter_is_in_the_address(http: httpx.AsyncClient) -> None:
    page = (await http.get(f"/installations/{GARAGE}?show=waiting")).text
    assert 'data-show="waiting"' in page

    unknown = (await http.get(f"/installations/{GARAGE}?show=<x>")).text
    assert 'data-show="all"' in unknown
    assert "<x>" not in unknown


async def test_the_api_says_what_the_page_shows(http: httpx.AsyncClient) -> None:
    listed = (await http.get("/api/installations")).json()["installations"]
    assert [it["head"]["id"] for it in listed] == [GARAGE]
    assert listed[0]["scene"]["charging"] == 1

    view = (await http.get(f"/api/installations/{GARAGE}")).json()
    assert view["breakers"][1]["bars"][0]["measured_a"] == 20.0
    assert view["chargers"][0]["number"] == "11.4 of 12.0 A"


async def test_what_is_not_there_is_answered_in_the_askers_language(
    http: httpx.AsyncClient,
) -> None:
    page = await http.get("/installations/nowhere")
    assert page.status_code == 404
    assert "There is no installation “nowhere”" in page.text
    assert 'class="crumbs"' not in page.text

    answer = await http.get("/api/installations/nowhere")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["title"] == "There is no installation “nowhere”"

    for path in ("/nothing", "/static/nothing.css", "/installations/nowhere/live"):
        assert (await http.get(path)).status_code == 404
    assert (await http.post("/")).status_code == 405


async def test_every_answer_forbids_what_our_pages_never_do(http: httpx.AsyncClient) -> None:
    for path in (
        "/",
        f"/installations/{GARAGE}",
        "/static/portal.js",
        "/api/installations",
        "/no",
    ):
        headers = (await http.get(path)).headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none';")
        assert "unsafe" not in policy
        assert "*" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert "camera=()" in headers["permissions-policy"]
        assert headers["cache-control"] == "no-store"
        assert (
            "strict-transport-security" not in headers
        )  # over plain HTTP it would mean nothing
        assert "server" not in headers


async def test_over_https_browsers_are_told_to_come_by_nothing_else() -> None:
    async with asking(sights(known())) as http:
        for path in ("/", "/api/installations", "/static/portal.js", "/no"):
            answer = await http.get(f"https://portal.test{path}")
            assert answer.headers["strict-transport-security"].startswith("max-age=63072000")


async def test_only_a_file_named_by_its_content_may_be_kept(http: httpx.AsyncClient) -> None:
    kept = "public, max-age=31536000, immutable"
    answers = {
        path: (await http.get(path)).headers["cache-control"]
        for path in (static_url("portal.js"), "/static/portal.js", "/static/no.js?v=1", "/?v=1")
    }

    assert list(answers.values()) == [kept, "no-store", "no-store", "no-store"]


async def test_what_fails_says_so_and_nothing_of_what_is_inside() -> None:
    inner = "postgresql://me:s3cr3t@db/x"

    async def broken(_: InstallationId) -> Mapping[str, Sequence[Recorded]]:
        raise RuntimeError(inner)

    seen = sights(known())
    async with asking(seen, past=broken) as http:
        http._transport = httpx.ASGITransport(http._transport.app, raise_app_exceptions=False)  # type: ignore[attr-defined]
        answer = await http.get(f"/installations/{GARAGE}/who-did")

    assert answer.status_code == 500
    assert "Something went wrong here" in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    for word in (inner, "RuntimeError", "Traceback", ".py"):
        assert word not in answer.text


async def test_pages_have_no_script_or_style_within(http: httpx.AsyncClient) -> None:
    for path in ("/", f"/installations/{GARAGE}", "/no"):
        page = (await http.get(path)).text
        assert " style=" not in page
        assert "<style" not in page
        assert " onclick=" not in page
        assert page.count("<script") == page.count('<script src="/static/')


async def test_static_files_are_named_by_their_content(http: httpx.AsyncClient) -> None:
    page = (await http.get("/")).text
    start = page.index("/static/portal.css?v=")
    address = page[start : page.index('"', start)]

    assert (await http.get(address)).headers["content-type"].startswith("text/css")


async def test_without_installations_the_next_step_is_shown() -> None:
    async with asking(sights()) as http:
        page = (await http.get("/")).text

    assert "No installation yet" in page
    assert "ampledger installation create" in page


async def test_an_installation_without_circuits_shows_the_next_step() -> None:
    bare = LAYOUT.model_copy(update={"circuits": (), "chargers": ()})
    async with asking(sights(known(layout=bare))) as http:
        page = (await http.get(f"/installations/{GARAGE}")).text

    assert "No circuits yet" in page


async def test_circuits_without_chargers_show_the_next_step() -> None:
    bare = LAYOUT.model_copy(update={"chargers": ()})
    async with asking(sights(known(layout=bare))) as http:
        page = (await http.get(f"/installations/{GARAGE}")).text

    assert "ampledger charger assign garage-1 level-1" in page


async def test_names_are_text_wherever_they_come_from() -> None:
    hostile = LAYOUT.model_copy(update={"name": HOSTILE, "address": HOSTILE})
    knocks = (knock(reason=HOSTILE, remote=HOSTILE),)
    async with asking(sights(known(layout=hostile), knocks=knocks)) as http:
        for path in ("/", f"/installations/{GARAGE}", f"/installations/{HOSTILE}"):
            assert HOSTILE not in (await http.get(path)).text


async def test_chargers_that_were_turned_away_are_listed_with_the_way_on() -> None:
    locked = knock(
        serial="ZAP000013",
        place="from elsewhere than before",
        locked=True,
        reason="locked: its circuit Level 2 was deactivated",
        command="ampledger serial why-locked ZAP000013",
    )
    async with asking(sights(knocks=(knock(), locked))) as http:
        page = (await http.get("/")).text
        told = (await http.get("/api/installations")).json()["knocks"]

    assert "A charger <b>ZAP000999</b> has knocked: nobody assigned it" in page
    assert "ampledger charger assign INSTALLATION CIRCUIT ZAP000999" in page
    assert "locked: its circuit Level 2 was deactivated" in page
    assert "from elsewhere than before" in page
    assert "ampledger serial why-locked ZAP000013" in page
    assert [it["locked"] for it in told] == [False, True]


# --- What is out of use ---


async def test_what_is_deactivated_is_hidden_until_it_is_asked_for() -> None:
    async with asking(sights(known(layout=GUESTS_LOCKED))) as http:
        path = f"/installations/{GARAGE}"
        page = (await http.get(path)).text
        more = (await http.get(f"{path}?deactivated=1&show=problems")).text
        hidden = (await http.get(f"/api{path}")).json()
        shown = (await http.get(f"/api{path}?deactivated=1")).json()

    assert 'data-node="breakers:guests"' not in page
    assert "1 circuit and 1 charger deactivated, locked or removed" in page
    assert "?show=all&deactivated=1" in page
    assert 'data-node="breakers:guests" data-active="false"' in more
    assert "Locked: its circuit Guests was deactivated" in more
    assert f'data-live="{path}/live?deactivated=1"' in more
    assert 'href="?show=waiting&amp;deactivated=1"' in more
    assert 'href="?show=problems">Hide deactivated' in more
    assert [it["id"] for it in hidden["breakers"]] == ["main", "level-1"]
    assert [it["id"] for it in shown["chargers"]] == ["bay-1", "bay-2"]


async def test_where_nothing_is_out_of_use_nothing_can_be_shown(
    http: httpx.AsyncClient,
) -> None:
    assert "Show deactivated" not in (await http.get(f"/installations/{GARAGE}")).text


async def test_a_deactivated_installation_is_left_out_of_the_list() -> None:
    layout = LAYOUT.model_copy(update={"deactivated": Deactivation(at=AT, reason="sold")})
    async with asking(sights(known(layout=layout))) as http:
        page = (await http.get("/")).text
        more = (await http.get("/?deactivated=1")).text
        own = (await http.get(f"/installations/{GARAGE}")).text
        listed = (await http.get("/api/installations")).json()["installations"]
        all_of_them = (await http.get("/api/installations?deactivated=1")).json()

    assert "Sea Street garage" not in page
    assert "No installation yet" not in page
    assert "Show deactivated" in page
    assert "Sea Street garage" in more
    assert 'data-poll="/api/installations?deactivated=1"' in more
    assert "ampledger installation reactivate garage-1" in own
    assert listed == []
    assert [it["head"]["active"] for it in all_of_them["installations"]] == [False]


async def test_nobody_sees_anything_and_is_sent_to_sign_in() -> None:
    async with asking(sights(known()), session="nobody's") as client:
        page = await client.get(f"/installations/{GARAGE}?show=waiting")
        listed = await client.get("/api/installations")

    assert page.status_code == 303
    assert page.headers["location"] == f"/sign-in?next=/installations/{GARAGE}%3Fshow%3Dwaiting"
    assert listed.status_code == 401
    assert "Sea Street" not in page.text + listed.text


async def test_while_nobody_can_say_who_asks_nothing_is_shown_and_that_is_told() -> None:
    async with asking(sights(known()), session="unknown at present") as client:
        page = await client.get(f"/installations/{GARAGE}")
        listed = await client.get("/api/installations")

    for answer in (page, listed):
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "2"
        assert "Charging goes on" in answer.text
        assert "Sea Street" not in answer.text


def bare(page: str, name: str) -> str:
    """A page without the name of a place, and without what is different each time."""
    return re.sub(r'name="csrf" value="[^"]*"', "", page.replace(name, ""))


async def test_where_somebody_has_no_role_there_is_nothing_for_them() -> None:
    async with asking(sights(known()), session="ben's") as client:
        page = await client.get(f"/installations/{GARAGE}")
        nowhere = await client.get("/installations/nowhere")
        listed = (await client.get("/api/installations")).json()

    assert page.status_code == nowhere.status_code == 404
    assert bare(page.text, GARAGE) == bare(nowhere.text, "nowhere")
    assert listed == {"installations": [], "knocks": []}
