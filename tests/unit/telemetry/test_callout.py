"""Whom the MQTT server may let in: what it asks is read, what it is answered is signed."""

import base64
from datetime import UTC, datetime
from typing import Any

import nkeys
import orjson
import pytest

from cli.nats_keys import new_seed
from services.telemetry.callout import ADMITTED_FOR, SENDER, Issuer, Sender, caller_of

NOW = datetime(2026, 11, 27, 16, tzinfo=UTC)
ASKED = {
    "server_id": {"id": "NSERVER", "name": "ampledger-mqtt"},
    "user_nkey": "UCALLER",
    "client_info": {"host": "192.0.2.7", "id": 7, "type": "mqtt", "user": "garage/house"},
    "connect_opts": {"user": "garage/house", "pass": "secret"},
}


def encoded(content: object) -> bytes:
    return base64.urlsafe_b64encode(orjson.dumps(content)).rstrip(b"=")


def question(asked: object) -> bytes:
    return b".".join((encoded({"alg": "ed25519-nkey"}), encoded({"nats": asked}), b"signed"))


def opened(token: str) -> dict[str, Any]:
    body = token.split(".")[1]
    found: dict[str, Any] = orjson.loads(
        base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
    )
    return found


def test_a_question_is_read() -> None:
    caller = caller_of(question(ASKED))

    assert (caller.user, caller.password, caller.by) == ("garage/house", "secret", "mqtt")
    assert (caller.host, caller.server_id, caller.user_nkey) == (
        "192.0.2.7",
        "NSERVER",
        "UCALLER",
    )


@pytest.mark.parametrize(
    "asked", [b"", b"a.b.c", b"a.%%%.c", question({}), question(None), question([1])]
)
def test_what_is_no_question_is_told_so(asked: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # base64 and JSON have their own words
        caller_of(asked)


def test_who_is_let_in_speaks_on_their_own_topic_and_hears_what_is_below_it() -> None:
    issuer = Issuer(new_seed(nkeys.PREFIX_BYTE_ACCOUNT).encode())

    answer = opened(
        issuer.admit(caller_of(question(ASKED)), "garage", "house", "t1", NOW).decode()
    )
    user = opened(answer["nats"]["jwt"])

    assert (answer["aud"], answer["sub"], answer["iss"]) == ("NSERVER", "UCALLER", issuer.name)
    assert user["nats"]["pub"]["allow"] == ["meters.garage.house", "meters.garage.house.>"]
    assert user["nats"]["sub"]["allow"] == ["meters.garage.house.>"]
    assert user["nats"]["allowed_connection_types"] == ["MQTT"]
    assert user["exp"] == int((NOW + ADMITTED_FOR).timestamp())
    assert user["aud"] == "meters"


def test_who_is_turned_away_gets_no_token() -> None:
    issuer = Issuer(new_seed(nkeys.PREFIX_BYTE_ACCOUNT).encode())

    answer = opened(issuer.turn_away(caller_of(question(ASKED)), "TokenWrong", NOW).decode())

    assert answer["nats"]["error"] == "TokenWrong"
    assert "jwt" not in answer["nats"]


def test_what_the_server_says_of_a_sender_is_what_it_was_let_in_as() -> None:
    said = orjson.dumps({"user": "garage/house#t1@NSERVER", "id": 7}).decode()

    assert Sender.of({SENDER: said}) == Sender("garage", "house", "t1", "NSERVER", 7)


@pytest.mark.parametrize("said", [None, "", "[]", "{}", '{"user": "garage/house", "id": 7}'])
def test_a_sender_that_was_no_meter_is_nobody(said: str | None) -> None:
    assert Sender.of(None if said is None else {SENDER: said}) is None
