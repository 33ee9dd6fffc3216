"""In which language somebody is spoken to, and that it is theirs to choose on every page."""

import re

import pytest

from services.portal.masks import masked
from services.portal.paper import said_by_others
from services.portal.signing_in.origins import is_ours
from services.portal.view import view_of
from shared.messages.signing_in import Asker
from shared.speech import speaking
from tests.unit.portal.facts import AT, GARAGE, OSLO, known
from tests.unit.portal.test_pages import asking, sights

HOME = f"/installations/{GARAGE}"
NORWEGIAN = {"Accept-Language": "nb-NO,nb;q=0.9,en;q=0.5"}
CSRF = re.compile(r'name="csrf" value="([^"]+)"')


async def test_pages_are_in_the_language_that_the_browser_asks_for() -> None:
    async with asking(sights(known())) as http:
        page = (await http.get("/step-up", headers=NORWEGIAN)).text
        english = (await http.get("/step-up")).text

    assert '<html lang="nb">' in page
    assert "Logg ut" in page
    assert '<html lang="en">' in english
    assert "Sign out" in english


async def test_a_language_is_chosen_at_the_bottom_of_the_page_and_kept() -> None:
    async with asking(sights(known())) as http:
        form = {"language": "nb", "next": f"{HOME}?show=waiting"}
        answer = await http.post("/language", data=form)
        page = (await http.get(answer.headers["location"])).text

    assert (answer.status_code, answer.headers["location"]) == (303, f"{HOME}?show=waiting")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert '<html lang="nb">' in page
    assert f'name="next" value="{HOME}?show=waiting"' in page


async def test_whoever_is_not_signed_in_chooses_as_well() -> None:
    async with asking(sights(known()), session="nobody's") as http:
        answer = await http.post("/language", data={"language": "nb", "next": "/sign-in"})
        page = await http.get(f"/installations/{GARAGE}")

    assert answer.headers["location"] == "/sign-in"
    assert page.headers["location"].startswith("/sign-in")


@pytest.mark.parametrize("language", ["", "tlh", "../nb"])
async def test_only_what_is_offered_can_be_chosen(language: str) -> None:
    async with asking(sights(known())) as http:
        answer = await http.post("/language", data={"language": language, "next": "/"})

    assert answer.status_code == 400
    assert "set-cookie" not in answer.headers
    assert "Choose one of the languages" in answer.text


async def test_nobody_is_sent_to_another_site_for_choosing_a_language() -> None:
    async with asking(sights(known())) as http:
        form = {"language": "nb", "next": "https://evil.example/"}
        answer = await http.post("/language", data=form)

    assert answer.headers["location"] == "/"


async def test_another_sites_page_chooses_no_language_for_anybody() -> None:
    async with asking(sights(known())) as http:
        headers = {"Sec-Fetch-Site": "cross-site"}
        answer = await http.post("/language", data={"language": "nb"}, headers=headers)

    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_figures_and_reasons_are_in_the_language_as_well() -> None:
    with speaking("nb"):
        charger = view_of(known(), AT, OSLO).chargers[0]

    assert charger.number == "11,4 av 12,0 A"
    assert charger.why == "12,0 A: kursen Level 1 er helt fordelt på L1 mellom 9 biler"


# --- What is compressed gives nothing away ---


async def test_what_proves_a_form_is_written_differently_each_time() -> None:
    async with asking(sights(known())) as http:
        tokens = [CSRF.findall((await http.get(HOME)).text)[0] for _ in range(2)]

    ada = Asker(actor="person/ada", name="Ada", csrf="c")
    assert tokens[0] != tokens[1]
    assert all(is_ours(it, ada) for it in tokens)


def test_what_was_masked_for_another_session_proves_nothing() -> None:
    ada = Asker(actor="person/ada", name="Ada", csrf="hers")

    assert is_ours(masked("hers", b"\x00\x7f\x80\xff"), ada)
    assert not is_ours(masked("mine", b"\x00\x7f\x80\xff"), ada)
    for broken in ("", ".", "a.b.c", "AAAA.AAAA", "é.é", masked("hers", b"1234")[:-1]):
        assert not is_ours(broken, ada)


async def test_pages_go_compressed() -> None:
    async with asking(sights(known())) as http:
        answer = await http.get(HOME, headers={"Accept-Encoding": "gzip"})
        plain = await http.get(HOME, headers={"Accept-Encoding": "identity"})

    assert answer.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in answer.headers["Vary"]
    assert int(answer.headers["Content-Length"]) < int(plain.headers["Content-Length"]) / 3


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_what_another_site_has_made_a_browser_ask_for_goes_as_it_is(site: str) -> None:
    async with asking(sights(known())) as http:
        headers = {"Accept-Encoding": "gzip", "Sec-Fetch-Site": site}
        answer = await http.get(HOME, headers=headers)

    assert answer.status_code == 200
    assert "Content-Encoding" not in answer.headers


async def test_why_somebody_is_not_let_in_is_said_in_the_language_too() -> None:
    async with asking(sights(known()), session="nobody's") as http:
        page = await http.get("/sign-in/company-back", headers=NORWEGIAN)

    assert "Bedriften din slapp deg ikke inn" in page.text


def test_what_another_service_says_in_english_is_said_in_the_language() -> None:
    with speaking("nb"):
        assert said_by_others("This is not your password.") == "Dette er ikke passordet ditt."
        assert said_by_others("100 % of this is not known") == "100 % of this is not known"
        assert said_by_others("") == ""
