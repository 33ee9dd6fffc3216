"""From where a charger connects: the socket's word, or that of a proxy we trust."""

from ipaddress import ip_network

import pytest

from services.telemetry.remotes import host_of, place_of
from services.telemetry.settings import Settings
from shared.messages.telemetry import Place

PROXIES = (ip_network("10.0.0.0/8"), ip_network("2001:db8::1"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "host"),
    [
        ("198.51.100.1", [], "198.51.100.1"),
        ("198.51.100.1", ["203.0.113.7"], "198.51.100.1"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.7"], "203.0.113.7"),
        ("10.0.0.1", ["192.0.2.66, 203.0.113.7"], "203.0.113.7"),
        ("10.0.0.1", ["192.0.2.66", "203.0.113.7"], "203.0.113.7"),
        ("10.0.0.1", ["192.0.2.66, 203.0.113.7, 10.0.0.2"], "203.0.113.7"),
        ("10.0.0.1", ["203.0.113.7, unknown"], "10.0.0.1"),
        ("::ffff:10.0.0.1", ["203.0.113.7"], "203.0.113.7"),
        ("2001:DB8::1", ["2001:db8:0::00ff"], "2001:db8::ff"),
        ("", ["203.0.113.7"], ""),
    ],
)
def test_only_what_a_trusted_proxy_has_seen_itself_counts(
    peer: str, forwarded: list[str], host: str
) -> None:
    assert host_of(peer, forwarded, PROXIES) == host


def test_without_trusted_proxies_nobody_s_word_counts() -> None:
    assert host_of("10.0.0.1", ["203.0.113.7"], ()) == "10.0.0.1"


def test_a_charger_is_elsewhere_only_if_both_places_are_known() -> None:
    assert place_of("10.0.0.1", "10.0.0.1") is Place.AS_BEFORE
    assert place_of("10.0.0.2", "10.0.0.1") is Place.ELSEWHERE
    assert place_of("", "10.0.0.1") is Place.UNKNOWN
    assert place_of("10.0.0.1", "") is Place.UNKNOWN


@pytest.mark.parametrize(
    ("text", "networks"),
    [
        ("", ()),
        ("10.0.0.0/8", PROXIES[:1]),
        (" 10.0.0.0/8 , 2001:db8::1", PROXIES),
    ],
)
def test_trusted_proxies_are_listed_in_the_environment(
    monkeypatch: pytest.MonkeyPatch, text: str, networks: tuple[object, ...]
) -> None:
    for name, value in {
        "NATS_URL": "nats://127.0.0.1",
        "DATABASE_URL": "postgres://127.0.0.1",
        "TELEMETRY_OCPP_PORT": "0",
        "TELEMETRY_TRUSTED_PROXIES": text,
    }.items():
        monkeypatch.setenv(name, value)

    assert Settings().trusted_proxies == networks
