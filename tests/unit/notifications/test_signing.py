"""Signatures, checked by the library of Standard Webhooks; addresses that nothing is delivered to."""

import ipaddress
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from services.notifications.addresses import Allowed
from services.notifications.refusals import UnsafeAddress
from services.notifications.settings_state import Webhook
from services.notifications.signing import headers_of, secret_of, unsubscribe_mark
from shared.clock import utc_now

KEY = bytes(range(32))
BODY = '{"type":"ping"}'


def verified(secret: str, headers: dict[str, str], body: str = BODY) -> bool:
    try:
        Verifier(secret).verify(body, headers)
    except WebhookVerificationError:
        return False
    return True


def test_a_program_that_knows_the_secret_knows_that_it_was_us() -> None:
    webhook = Webhook("ops", "https://ops.example.com", ())
    headers = headers_of(KEY, webhook, "d-1", BODY, utc_now())

    assert verified(secret_of(KEY, "ops", 1), headers)
    assert not verified(secret_of(KEY, "ops", 1), headers, BODY.replace("ping", "pong"))
    assert not verified(secret_of(KEY, "ops", 2), headers)
    assert not verified(secret_of(KEY, "other", 1), headers)


def test_after_a_rotation_both_secrets_count_for_a_while() -> None:
    now = utc_now()
    until = now + timedelta(hours=1)
    webhook = Webhook("ops", "https://ops.example.com", (), 2, until)

    both = headers_of(KEY, webhook, "d-1", BODY, now)
    ended = Webhook("ops", "https://ops.example.com", (), 2, now)
    later = headers_of(KEY, ended, "d-1", BODY, now)

    assert verified(secret_of(KEY, "ops", 1), both)
    assert verified(secret_of(KEY, "ops", 2), both)
    assert not verified(secret_of(KEY, "ops", 1), later)
    assert verified(secret_of(KEY, "ops", 2), later)


def test_what_is_signed_long_ago_is_not_taken() -> None:
    webhook = Webhook("ops", "https://ops.example.com", ())
    old = headers_of(KEY, webhook, "d-1", BODY, datetime(2026, 1, 1, tzinfo=UTC))

    assert not verified(secret_of(KEY, "ops", 1), old)


def test_the_mark_of_a_link_is_for_one_person_at_one_place() -> None:
    marks = {
        unsubscribe_mark(KEY, place, person)
        for place in ("g1", "g2")
        for person in ("ada", "bo")
    }

    assert len(marks) == 4


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/x",
        "https://localhost/x",
        "http://localhost/x",
        "https://127.0.0.1/x",
        "https://10.1.2.3/x",
        "https://169.254.169.254/latest",
        "https://[::1]/x",
        "https://[fd00::1]/x",
        "https://[::ffff:10.0.0.1]/x",
        "https://192.168.1.1:8443/x",
    ],
)
def test_an_address_that_is_not_of_the_public_internet_is_refused(url: str) -> None:
    with pytest.raises(UnsafeAddress):
        Allowed().check_url(url)


@pytest.mark.parametrize("address", ["10.0.0.1", "127.0.0.1", "169.254.1.1", "::1", "0.0.0.0"])  # noqa: S104
def test_a_name_that_leads_there_is_as_well(address: str) -> None:
    with pytest.raises(UnsafeAddress):
        Allowed(local_http=True).check_ip(ipaddress.ip_address(address), "hook.example.com")


def test_what_is_public_is_let_through() -> None:
    Allowed().check_url("https://hooks.example.com/a?b=c")
    Allowed().check_ip(ipaddress.ip_address("93.184.216.34"), "example.com")


def test_the_operator_may_allow_more_but_never_what_a_cloud_tells_its_machines() -> None:
    Allowed(local_http=True).check_url("http://localhost:8080/x")
    Allowed(private=True).check_url("https://10.1.2.3/x")
    with pytest.raises(UnsafeAddress):
        Allowed(local_http=True, private=True).check_url("https://169.254.169.254/latest")
