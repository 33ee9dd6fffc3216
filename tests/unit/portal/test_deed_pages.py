"""Who did what: the page, without any server behind them."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager

import httpx

from services.portal.deed_pages import SHOWN_MAX
from services.portal.looks import REASON_CHARS_MIN, Admit, ReasonNeeded
from services.portal.past import LOOKS_MAX, WAITING_MAX, Ask
from shared.ids import InstallationId, PersonId
from shared.messages.permissions import AccessRefused
from shared.messages.signing_in import Asker
from shared.messaging import ServiceUnavailable
from shared.recorded import Recorded
from shared.rights.guard import Forbidden
from tests.unit.history.facts import Log, garage_with_a_charger, narrowed
from tests.unit.portal.facts import GARAGE, known
from tests.unit.portal.test_pages import asking, everybody, sights

HERE = "harbour-garage"
"""As the logs of these tests call the place; the portal knows it by the same name."""
HOSTILE = "<script>alert(1)</script>"


def logs() -> Mapping[str, Sequence[Recorded]]:
    layout, access = garage_with_a_charger(), Log("permissions", number=4)
    layout.act(narrowed(), actor="person/nina", allowed_by="service, since position 12")
    access.act(
        AccessRefused(
            installation_id=HERE,
            asked_for="UnlockSerial",
            refusal="Forbidden",
            detail=f"it takes the role support {HOSTILE}",
        ),
        actor="person/ola",
        minutes=60,
    )
    return {it.service: it.events for it in (layout, access)}


async def told(_: InstallationId) -> Mapping[str, Sequence[Recorded]]:
    return logs()


@asynccontextmanager
async def portal(ask: Ask = told, admit: Admit = everybody) -> AsyncIterator[httpx.AsyncClient]:
    layout = known().layout.model_copy(update={"installation_id": HERE})
    async with asking(sights(known(layout=layout)), past=ask, admit=admit) as http:
        yield http


async def test_changes_are_told_with_their_right_and_refusals_with_their_reason() -> None:
    async with portal() as http:
        page = (await http.get(f"/installations/{HERE}/who-did")).text

    assert "Circuit Level 2 was changed" in page
    assert "By right: service, since position 12. Came in through the portal." in page
    assert "Asked for: UnlockSerial" in page
    assert "Refused: Forbidden: it takes the role support" in page
    assert page.index("person/ola") < page.index("person/nina")  # the latest comes first


async def test_what_somebody_wrote_is_text_and_nothing_else() -> None:
    async with portal() as http:
        page = (await http.get(f"/installations/{HERE}/who-did")).text

    assert HOSTILE not in page
    assert "&lt;script&gt;" in page


async def test_only_refusals_and_only_somebodys_can_be_asked_for() -> None:
    async with portal() as http:
        refused = (await http.get(f"/installations/{HERE}/who-did?refused=1")).text
        ninas = (await http.get(f"/installations/{HERE}/who-did?who=person/nina")).text

    assert "person/ola" in refused
    assert "person/nina" not in refused
    assert "Circuit Level 2 was changed" in ninas
    assert "person/ola" not in ninas


async def test_people_are_shown_by_name_to_who_may_know_it() -> None:
    asked: list[tuple[set[str], str]] = []

    async def name(people: Collection[PersonId], actor: str) -> Mapping[PersonId, str]:
        asked.append((set(people), actor))
        return {"nina": "Nina Berg"}

    layout = known().layout.model_copy(update={"installation_id": HERE})
    async with asking(sights(known(layout=layout)), past=told, name=name) as http:
        page = (await http.get(f"/installations/{HERE}/who-did")).text

    assert "<b>Nina Berg (person/nina)</b>" in page
    assert "<b>person/ola</b>" in page
    assert asked == [({"nina", "ola"}, "person/ada")]


async def test_of_many_the_newest_are_shown_and_the_others_counted() -> None:
    async def many(_: InstallationId) -> Mapping[str, Sequence[Recorded]]:
        log = garage_with_a_charger()
        for number in range(SHOWN_MAX):
            log.act(narrowed(set_a=10 + number / 10), actor="nina")
        return {log.service: log.events}

    async with portal(many) as http:
        page = (await http.get(f"/installations/{HERE}/who-did")).text

    assert page.count('<li class="deed"') == SHOWN_MAX
    assert "4 earlier ones are not shown" in page


async def test_a_service_that_does_not_answer_is_named_and_the_page_comes_later() -> None:
    async def silent(_: InstallationId) -> Mapping[str, Sequence[Recorded]]:
        raise ServiceUnavailable("telemetry does not answer questions now")

    async with portal(silent) as http:
        page = await http.get(f"/installations/{HERE}/who-did")

    assert (page.status_code, page.headers["retry-after"]) == (503, "5")
    assert "telemetry does not answer questions now" in page.text


async def test_whoever_may_not_look_is_told_what_it_takes_and_nothing_is_read() -> None:
    async def never(_: InstallationId) -> Mapping[str, Sequence[Recorded]]:
        raise AssertionError("the past was read")

    async def nobody(_: Asker, __: InstallationId, ___: str | None) -> None:
        raise Forbidden("replay history takes the role service or support there")

    async with portal(never, nobody) as http:
        page = await http.get(f"/installations/{HERE}/who-did")

    assert page.status_code == 403
    assert "takes the role service or support there" in page.text


async def test_support_says_why_it_looks_before_it_sees_anything() -> None:
    reasons: list[str | None] = []

    async def support(asker: Asker, _: InstallationId, reason: str | None) -> None:
        reasons.append(reason)
        if reason is None or len(reason) < REASON_CHARS_MIN:
            raise ReasonNeeded(f"say why you look, {asker.name}")

    async with portal(admit=support) as http:
        asked = (await http.get(f"/installations/{HERE}/who-did?refused=1")).text
        poor = (await http.get(f"/installations/{HERE}/who-did?reason=x")).text
        page = (await http.get(f"/installations/{HERE}/who-did?reason=case+%2612")).text

    assert "Why do you look?" in asked
    assert 'name="refused" value="1"' in asked
    assert "say why you look, Ada" not in asked  # they have not failed yet
    assert "say why you look, Ada" in poor
    assert "person/ola" not in asked + poor
    assert "person/ola" in page
    assert 'href="?refused=1&amp;reason=case%20%2612"' in page
    assert reasons == [None, "x", "case &12"]


async def test_there_is_no_past_of_a_place_that_is_not_there() -> None:
    async with portal() as http:
        assert (await http.get(f"/installations/{GARAGE}x/who-did")).status_code == 404


async def test_when_too_many_look_the_next_one_is_told_to_come_again() -> None:
    path = "/installations/{}/who-did"
    free, busy = asyncio.Event(), asyncio.Event()
    looks = 0

    async def slow(_: InstallationId) -> Mapping[str, Sequence[Recorded]]:
        nonlocal looks
        looks += 1
        if looks == LOOKS_MAX:
            busy.set()
        await free.wait()
        return logs()

    async with portal(slow) as http:
        first = [
            asyncio.create_task(http.get(path.format(HERE)))
            for _ in range(LOOKS_MAX + WAITING_MAX)
        ]
        await busy.wait()
        for _ in range(100):  # those who wait have come by then
            await asyncio.sleep(0)
        one_more = await http.get(path.format(HERE))
        others = await http.get("/")
        assert looks == LOOKS_MAX
        free.set()
        answers = await asyncio.gather(*first)
        after = await http.get(path.format(HERE))

    assert (one_more.status_code, others.status_code) == (503, 200)
    assert {it.status_code for it in answers} == {200}
    assert after.status_code == 200
