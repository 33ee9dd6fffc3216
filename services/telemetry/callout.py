"""
What a NATS server asks about whoever wants in, and how it is answered (auth callout, NATS ADR-26).

Question and answer are JSON Web Tokens in NATS's own form: signed with Ed25519 by an nkey, and with an id
made of what they say. The question comes on a subject on which only the server speaks, so its signature is
not checked.

Whoever is let in is named after the meter, the token and the server: `garage/house#TOKEN@SERVER`. The
server shows that name with everything that the meter sends, and nobody else can.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Self

import nkeys
import orjson

from shared import meter_topics
from shared.ids import InstallationId, MeterId

MQTT: Final = "mqtt"
SENDER: Final = "Nats-Request-Info"
"""The header in which a server says who has sent something."""
ADMITTED_FOR: Final = timedelta(hours=1)
"""Then a meter has to sign in again: whatever was withdrawn unheard is cut off by then."""
_HEADER: Final = {"typ": "JWT", "alg": "ed25519-nkey"}


@dataclass(frozen=True, slots=True)
class Caller:
    """
    Whoever wants in.

    Args:
        user_nkey: by which the server names this connection in its answer.
        server_id: which server asks.
        host: the network address they come from.
        by: "mqtt", "nats" or "websocket".
    """

    user_nkey: str
    server_id: str
    host: str
    by: str
    user: str
    password: str


@dataclass(frozen=True, slots=True)
class Sender:
    """Whoever sent something, as they were let in."""

    installation_id: InstallationId
    meter_id: MeterId
    credential_id: str
    server_id: str
    connection_id: int

    @classmethod
    def of(cls, headers: Mapping[str, str] | None) -> Self | None:
        """Read who the server says it was; none if it does not say, or it was nobody's meter."""
        try:
            info = orjson.loads((headers or {})[SENDER])
            place, _, rest = str(info["user"]).partition("#")
            installation_id, _, meter_id = place.partition("/")
            credential_id, _, server_id = rest.partition("@")
            sender = cls(installation_id, meter_id, credential_id, server_id, int(info["id"]))
        except (KeyError, TypeError, ValueError):
            return None
        return sender if credential_id and server_id and meter_id else None


def caller_of(question: bytes) -> Caller:
    """
    Read a question.

    Raises:
        ValueError: it is none.
    """
    try:
        asked = orjson.loads(_decoded(question.split(b".")[1]))["nats"]
        given = asked["connect_opts"]
        return Caller(
            user_nkey=str(asked["user_nkey"]),
            server_id=str(asked["server_id"]["id"]),
            host=str(asked["client_info"].get("host", "")),
            by=str(asked["client_info"].get("type", "")),
            user=str(given.get("user", "")),
            password=str(given.get("pass", "")),
        )
    except (LookupError, TypeError, AttributeError) as fault:
        raise ValueError(f"no question of an auth callout: {fault!r}") from fault


class Issuer:
    """Signs who is let in, with the key whose public half the server knows."""

    def __init__(self, seed: bytes) -> None:
        self._key = nkeys.from_seed(bytearray(seed))
        self.name = self._key.public_key.decode()

    def admit(
        self,
        caller: Caller,
        installation_id: InstallationId,
        meter_id: MeterId,
        credential_id: str,
        now: datetime,
    ) -> bytes:
        """Let a meter in: to say something on its own topic and below, and to hear what is below."""
        own = meter_topics.subject_of(installation_id, meter_id)
        user = {
            "aud": meter_topics.ACCOUNT,
            "name": f"{installation_id}/{meter_id}#{credential_id}@{caller.server_id}",
            "exp": int((now + ADMITTED_FOR).timestamp()),
        }
        claims = {
            "type": "user",
            "version": 2,
            "pub": {"allow": [own, f"{own}.>"]},
            "sub": {"allow": [f"{own}.>"]},
            "allowed_connection_types": [MQTT.upper()],
            "subs": -1,
            "data": -1,
            "payload": -1,
        }
        return self._answer(caller, {"jwt": self._signed(caller, user, claims, now)}, now)

    def turn_away(self, caller: Caller, why: str, now: datetime) -> bytes:
        """Let nobody in; the server writes why into its log."""
        return self._answer(caller, {"error": why}, now)

    def _answer(self, caller: Caller, content: dict[str, Any], now: datetime) -> bytes:
        claims = {"type": "authorization_response", "version": 2, **content}
        return self._signed(caller, {"aud": caller.server_id}, claims, now).encode()

    def _signed(
        self, caller: Caller, about: dict[str, Any], claims: dict[str, Any], now: datetime
    ) -> str:
        body = {
            **about,
            "sub": caller.user_nkey,
            "iss": self.name,
            "iat": int(now.timestamp()),
            "nats": claims,
        }
        digest = hashlib.sha512(orjson.dumps(body)).digest()[:32]
        body["jti"] = base64.b32encode(digest).decode().rstrip("=")
        signed = f"{_encoded(orjson.dumps(_HEADER))}.{_encoded(orjson.dumps(body))}"
        return f"{signed}.{_encoded(self._key.sign(signed.encode()))}"


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _decoded(content: bytes) -> bytes:
    return base64.urlsafe_b64decode(content + b"=" * (-len(content) % 4))
