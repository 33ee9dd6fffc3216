"""Where the parts of the telemetry service meet."""

import asyncio
import secrets
from functools import partial
from typing import Final

import structlog

from services.telemetry import (
    asked_door,
    certificate_desk,
    certificates,
    credential_desk,
    meter_tokens,
    token_desk,
)
from services.telemetry.burials import Burials
from services.telemetry.charger import AssignedCharger
from services.telemetry.epochs import Epochs
from services.telemetry.gateway import Gateway
from services.telemetry.histories import Histories
from services.telemetry.holds import Holds
from services.telemetry.keyring import Keyring
from services.telemetry.meter_door import MeterDoor
from services.telemetry.meter_identities import MeterIdentities
from services.telemetry.meter_inbox import MeterInbox
from services.telemetry.meter_mqtt import MeterMqtt, issuer_in
from services.telemetry.meter_standings import MeterStandings
from services.telemetry.own_streams import OwnStreams
from services.telemetry.parts import Parts
from services.telemetry.passes import Passes
from services.telemetry.projections import Assignments
from services.telemetry.publisher import Publisher
from services.telemetry.readings.assembly import keep_readings
from services.telemetry.rights import Rights
from services.telemetry.roster import on_the_list
from services.telemetry.settings import Settings
from services.telemetry.signed.asking import answer_signed
from services.telemetry.signed.keeping import SignedValues
from services.telemetry.tls import authority_of
from services.telemetry.tries import Tries
from services.telemetry.whereabouts import Whereabouts
from shared.acts_query import answer_acts
from shared.clock import utc_now
from shared.commands import taking_commands
from shared.event_store import EventStore
from shared.ids import new_id
from shared.key_files import KEY_BYTES, read_key
from shared.meter_query import MeterWays, answer_standings
from shared.relay import Relay
from shared.rights.cards import CARD_KEY_FILE
from shared.runtime import Runtime, run
from shared.web_server import listening_socket, serve

DESKS: Final = (credential_desk, certificate_desk, token_desk)
"""Where commands about what chargers and meters show who they are with are taken."""

PUBLISH_S_MAX: Final = 120.0
"""A publisher that has something sends it within seconds, or says that it cannot."""

log = structlog.get_logger()


async def assemble(runtime: Runtime, settings: Settings) -> None:
    """Open the log, copy it to its jetstream, know the chargers, and listen for them."""
    if settings.commissioning == "none":
        log.warning(
            "CHARGERS ARE ACCEPTED WITHOUT A FAIL-SAFE: nothing holds them down while no limit "
            "is in force; use this to show what a garage does without a balancer, never in a "
            "real one",
            setting="TELEMETRY_COMMISSIONING=none",
        )
    runtime.health.add(
        "ocpp", lambda: False
    )  # whatever else is ready before, it takes nobody yet
    gateway_id = new_id()
    store = await runtime.stack.enter_async_context(EventStore.open(runtime.pool))
    roster = await runtime.stack.enter_async_context(
        on_the_list(settings.database_url, gateway_id)
    )
    relay = Relay("telemetry", store, runtime.client, roster.leads)
    runtime.announce(relay)

    whereabouts = Whereabouts(roster.number)
    assignments = Assignments(whereabouts, roster.number)
    await assignments.open(runtime.pool)
    epochs = Epochs(runtime.pool)
    await epochs.open()
    holds = Holds(runtime.pool, gateway_id, epochs)
    histories = Histories(store)
    burials = Burials(holds, histories, assignments)
    publisher = Publisher(runtime.client)
    pulse = runtime.health.pulse("publisher", PUBLISH_S_MAX, publisher.idle)
    publisher.beat = pulse.beat
    runtime.spawn(publisher.run(), "publisher")
    await keep_readings(runtime, settings, assignments.get)
    rights = Rights(runtime.client, _card_key(settings), roster.number)
    await rights.open(runtime.pool)
    runtime.spawn(rights.watch(), "watch-permissions")
    passes = Passes(store, Keyring(runtime.pool))
    signed = SignedValues(store, settings.signed_months)
    runtime.spawn(signed.run(), "drop old signed values")
    await answer_signed(runtime.client, runtime.pool)
    tries = Tries(runtime.client, gateway_id)
    await tries.listen()
    parts = Parts(
        gateway_id=gateway_id,
        settings=settings,
        client=runtime.client,
        store=store,
        epochs=epochs,
        holds=holds,
        publisher=publisher,
        whereabouts=whereabouts,
        rights=rights,
        passes=passes,
        certificates=OwnStreams(store, certificates.stream_of, certificates.folded),
        tokens=OwnStreams(store, meter_tokens.stream_of, meter_tokens.folded),
        signed=signed,
        tries=tries,
        authority=authority_of(settings),
    )
    gateway = Gateway(parts, assignments, histories)
    runtime.drains.append(gateway.drain)
    runtime.spawn(
        roster.keep(burials.bury, gateway.on_taken, gateway.look_after_holds), "roster"
    )
    people = rights.follower(runtime.pool, gateway.on_rights)
    runtime.follow(people)

    def on_gone(left: AssignedCharger) -> None:
        runtime.spawn(passes.on_removed(left), f"passwords of {left.serial} end")

    follower = assignments.follower(runtime.pool, gateway.on_assignments, on_gone)
    runtime.follow(follower)
    await answer_acts(runtime.client, "telemetry", store, assignments.streams_at)
    await runtime.stack.enter_async_context(gateway.serving())
    runtime.health.add("ocpp", lambda: gateway.listening)
    asked = asked_door.routes(runtime.client, rights.check, settings.call_timeout_s)
    desks = (it.routes(parts, assignments) for it in DESKS)
    await runtime.stack.enter_async_context(
        taking_commands(
            settings.nats_url,
            "ampledger-telemetry-asked",
            asked,
            *desks,
            drains=runtime.drains,
        )
    )
    await _hear_meters(runtime, parts, assignments)


def _card_key(settings: Settings) -> bytes:
    if settings.card_key_file is None:
        log.warning(
            "NO CHARGE CARD IS KNOWN: without the key of their marks every card is a stranger's; "
            f"set {CARD_KEY_FILE} to the file that permissions has"
        )
        return secrets.token_bytes(KEY_BYTES)
    return read_key(settings.card_key_file, CARD_KEY_FILE)


async def _hear_meters(runtime: Runtime, parts: Parts, assignments: Assignments) -> None:
    """Take what meters at breakers send, by HTTP and by MQTT, and tell how they are heard of."""
    settings = parts.settings
    standings, identities = MeterStandings(runtime.pool), MeterIdentities(parts)
    runtime.spawn(standings.run(), "meter-standings")
    inbox = MeterInbox(assignments.meter, parts.publisher, standings, utc_now)
    http = settings.meter_address
    if settings.meter_port is not None:
        door = MeterDoor(inbox, identities.judge)
        _open(runtime, door, settings, settings.meter_port)
        scheme = "http" if settings.tls_cert is None else "https"
        http = http or f"{scheme}://{settings.meter_host}:{settings.meter_port}"
    issuer = issuer_in(settings)
    if issuer is not None and settings.mqtt_url is not None and settings.mqtt_keys is not None:
        mqtt = MeterMqtt(inbox, identities, issuer, utc_now)
        runtime.spawn(mqtt.run(settings.mqtt_url, settings.mqtt_keys), "meters-mqtt")
        runtime.health.add("mqtt", lambda: mqtt.listening)
    ways = MeterWays(http=http, mqtt=settings.mqtt_address)
    await answer_standings(runtime.client, standings.of, ways)


def _open(runtime: Runtime, door: MeterDoor, settings: Settings, port: int) -> None:
    """Listen for meters at breakers; by TLS, where the gateway speaks it."""
    host = settings.meter_host
    taken = listening_socket(host, port)
    runtime.stack.callback(taken.close)
    listening = asyncio.Event()
    runtime.health.add("meters", listening.is_set)

    def on_started() -> None:
        listening.set()
        log.info("listening for meters", host=host, port=port)

    tls = None if settings.tls_cert is None else (settings.tls_cert, settings.tls_key)
    serving = serve(door.application(), taken, on_started, on_stop=listening.clear, tls=tls)
    runtime.spawn(serving, "meters")


def main() -> None:
    """Run the service until it is asked to stop."""
    settings = Settings()
    run("telemetry", settings, partial(assemble, settings=settings))
