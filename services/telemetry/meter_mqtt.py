"""
Meters at breakers that send by MQTT: who is let in, what they send, and what they are told.

The MQTT server is a NATS server of its own (`shared/meter_topics.py`). It asks here whether it may let
somebody in, and hands over what meters send. MQTT 3.1.1 has no answer to a reading, so what is refused is
said in the log, counted, and told on a topic of the meter's own. Whoever sends something with a token that
is good no more is sent away.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import orjson
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from services.telemetry import callout
from services.telemetry.breaker_meters import ReadingRefused
from services.telemetry.callout import Caller, Issuer, Sender, caller_of
from services.telemetry.meter_identities import MeterIdentities
from services.telemetry.meter_inbox import MQTT, MeterInbox
from services.telemetry.settings import Settings
from shared import meter_topics
from shared.lines import is_here
from shared.messaging import connect, disconnect
from shared.nats_options import NatsSettings
from shared.tasks import keep_running

QUEUE: Final = "telemetry"
PAUSE_S: Final = 1.0
SEND_AWAY_S_MAX: Final = 2.0
FAULTS: Final = (OSError, TimeoutError, NatsError)

log = structlog.get_logger()


class MeterMqtt:
    """The connection to the MQTT server."""

    def __init__(
        self,
        inbox: MeterInbox,
        identities: MeterIdentities,
        issuer: Issuer,
        clock: Callable[[], datetime],
    ) -> None:
        self._inbox = inbox
        self._identities = identities
        self._issuer = issuer
        self._clock = clock
        self._client: Client | None = None

    @property
    def listening(self) -> bool:
        """Whether the server is there, and asks us."""
        return self._client is not None and self._client.is_connected

    async def run(self, url: str, keys: Path) -> None:
        """Speak with the server, as soon as it is there, until cancelled."""

        async def work() -> None:
            client = await connect(url, "ampledger-telemetry-mqtt", _signing_in(url, keys))
            try:
                await self._serve(client)
            finally:
                self._client = None
                await disconnect(client)

        def on_fault(fault: Exception) -> None:
            log.warning("the MQTT server is not there", error=repr(fault))

        await keep_running(work, FAULTS, on_fault, PAUSE_S)

    async def _serve(self, client: Client) -> None:
        await client.subscribe(meter_topics.ASKED_WHO, queue=QUEUE, cb=self._on_asked)
        for subject in meter_topics.READINGS:
            await client.subscribe(subject, queue=QUEUE, cb=self._on_message)
        await client.flush()
        self._client = client
        log.info("listening for meters by MQTT")
        await asyncio.Event().wait()  # the client comes back by itself, whatever happens

    # --- Who is let in ---

    async def _on_asked(self, message: Msg) -> None:
        try:
            caller = caller_of(message.data)
        except ValueError as fault:
            log.warning("the MQTT server asks what nobody understands", error=str(fault))
            return
        await message.respond(await self._judged(caller))

    async def _judged(self, caller: Caller) -> bytes:
        installation_id, _, meter_id = caller.user.partition("/")
        now = self._clock()
        try:
            if caller.by != callout.MQTT:
                raise ReadingRefused(
                    HTTPStatus.FORBIDDEN,
                    "NotByMqtt",
                    "meters come by MQTT, and nobody else does",
                )
            meter = self._inbox.meter(installation_id, meter_id)
            used = await self._identities.sign_in(meter, caller.host, caller.password)
        except ReadingRefused as refused:
            self._inbox.refused(installation_id, meter_id, refused, MQTT)
            return self._issuer.turn_away(caller, refused.refusal, now)
        log.info("meter let in", installation_id=installation_id, meter_id=meter_id, by=MQTT)
        return self._issuer.admit(caller, installation_id, meter_id, used, now)

    # --- What they send ---

    async def _on_message(self, message: Msg) -> None:
        _, installation_id, meter_id = message.subject.split(".")[:3]
        sender = Sender.of(message.headers)
        try:
            if sender is None or (sender.installation_id, sender.meter_id) != (
                installation_id,
                meter_id,
            ):
                raise ReadingRefused(
                    HTTPStatus.UNAUTHORIZED,
                    "SenderUnknown",
                    "the MQTT server does not say who has sent it; configure it as printed by: "
                    "ampledger nats mqtt",
                )
            meter = self._inbox.meter(installation_id, meter_id)
            await self._identities.heard(meter, sender.credential_id)
            self._inbox.take(meter, message.data, MQTT)
        except ReadingRefused as refused:
            self._inbox.refused(installation_id, meter_id, refused, MQTT)
            await self._tell(installation_id, meter_id, refused)
            if sender is not None and refused.status in _GOES:
                await self._send_away(sender)

    async def _tell(self, installation_id: str, meter_id: str, refused: ReadingRefused) -> None:
        if self._client is None:
            return
        told = {"refusal": refused.refusal, "detail": refused.detail, "at": self._clock()}
        subject = meter_topics.refused_at(installation_id, meter_id)
        await self._client.publish(subject, orjson.dumps(told))

    async def _send_away(self, sender: Sender) -> None:
        if self._client is None:
            return
        subject = meter_topics.sent_away_at(sender.server_id)
        wish = orjson.dumps({"cid": sender.connection_id})
        try:
            await self._client.request(subject, wish, timeout=SEND_AWAY_S_MAX)
        except FAULTS as fault:
            log.warning("meter not sent away", meter_id=sender.meter_id, error=repr(fault))


_GOES: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND})
"""Who sends with a token that is good no more, or of a meter that was taken away, has no business here."""


def _signing_in(url: str, keys: Path) -> NatsSettings:
    """Sign in with the key for that server; on this machine it speaks no TLS."""
    given: dict[str, object] = {"NATS_NKEY_SEED_FILE": keys / meter_topics.SEED}
    if all(is_here(urlsplit(it).hostname) for it in url.split(",")):
        given |= {"NATS_CA_FILE": None, "NATS_CERT_FILE": None, "NATS_KEY_FILE": None}
    return NatsSettings.model_validate(given)


def issuer_in(settings: Settings) -> Issuer | None:
    """
    Read the key that signs who is let in; none where meters do not come by MQTT.

    Raises:
        OSError: it cannot be read.
    """
    if settings.mqtt_keys is None:
        return None
    return Issuer((settings.mqtt_keys / meter_topics.ISSUER_SEED).read_bytes().strip())
