"""Pages of ours and others' are told apart, and nobody is sent away from here."""

from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import URL, Headers

from services.portal.signing_in.origins import is_foreign, is_ours, own_path
from shared.messages.signing_in import Asker

HERE = "https://portal.example"
CHARACTERS = st.sampled_from([*"/\\.:@?#%&=a\t\n\r ", "https:", "javascript:", "evil.example"])


@given(st.lists(CHARACTERS, max_size=12).map("".join))
def test_wherever_somebody_is_to_go_next_is_here(text: str) -> None:
    path = own_path(text)

    seen_by_browsers = path.replace("\\", "/").replace("\t", "").replace("\n", "")
    assert urlsplit(urljoin(HERE, seen_by_browsers)).netloc == "portal.example"
    assert path.startswith("/")


@pytest.mark.parametrize(
    ("headers", "foreign"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, False),
        ({"Sec-Fetch-Site": "none"}, False),
        ({"Sec-Fetch-Site": "same-site"}, True),
        ({"Sec-Fetch-Site": "cross-site", "Origin": HERE}, True),
        ({"Origin": HERE}, False),
        ({"Origin": "https://evil.example"}, True),
        ({"Origin": "http://portal.example"}, True),
        ({"Origin": "null"}, True),
        ({}, False),
    ],
)
def test_a_page_of_another_site_is_known_by_what_browsers_say(
    headers: dict[str, str], foreign: bool
) -> None:
    assert is_foreign(Headers(headers), URL(f"{HERE}/account/password")) is foreign


def test_a_form_of_another_session_is_not_ours() -> None:
    ada = Asker(actor="person/ada", name="Ada", csrf="hers")

    assert is_ours("hers", ada)
    assert not is_ours("his", ada)
    assert not is_ours("", ada)
    assert not is_ours("", Asker(actor="person/ada", name="Ada"))
