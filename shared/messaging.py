"""
NATS: the connection, the jetstreams, and requests that are answered.

The client's defaults would hide a dead server for minutes and then give up; here it notices within
seconds and never gives up.
"""

import asyncio
from typing import Any, Final

import structlog
from nats.aio.client import Client
from nats.errors import ConnectionClosedError, NoRespondersError
from nats.errors import Error as NatsError
from nats.errors import TimeoutError as NatsTimeoutError
from nats.js import JetStreamContext
from nats.js.api import RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import NotFoundError

from shared import subjects, tracing
from shared.context import Context
from shared.messages import Answer, Command, sent
from shared.nats_options import NatsSettings, sign_in
from shared.patience import PatientClient
from shared.persevering import persevere

PING_INTERVAL_S: Final = 2
PINGS_OUTSTANDING_MAX: Final = 2
RECONNECT_PAUSE_S: Final = 0.25
CONNECT_TIMEOUT_S: Final = 10
"""How long a server that is there, but busy, may take to let us in."""
REQUEST_TIMEOUT_S: Final = 5.0
SUBSCRIBED_S_MAX: Final = 5
"""In whole seconds, as the client library has it."""
SUBSCRIBED_PAUSE_S: Final = 0.25
TELEMETRY_AGE_S: Final = 24 * 3600
TELEMETRY_BYTES_MAX: Final = 2 * 1024**3

log = structlog.get_logger()

CONNECT_OPTIONS: Final[dict[str, Any]] = {
    "ping_interval": PING_INTERVAL_S,
    "max_outstanding_pings": PINGS_OUTSTANDING_MAX,
    "max_reconnect_attempts": -1,
    "reconnect_time_wait": RECONNECT_PAUSE_S,
    "allow_reconnect": True,
    "connect_timeout": CONNECT_TIMEOUT_S,
}


class ServiceUnavailable(Exception):
    """Nobody answered a command in time; whether it was taken is unknown: send it again, under
    the same id.
    """


async def connect(
    nats_url: str, name: str, settings: NatsSettings | None = None, patience_s: float = 0.0
) -> Client:
    """
    Connect to NATS and stay connected.

    Args:
        nats_url: where it is.
        name: what the server shows this connection as.
        settings: how to sign in; by default what the environment says.
        patience_s: for how long services are asked again while they are being started.

    Raises:
        PlaintextRefused: the server is on another machine, and would be talked to unencrypted.
        OSError: the server cannot be reached now.
    """

    async def on_disconnected() -> None:
        if not client.is_closed:  # when we close it ourselves, it is no news
            log.warning("nats disconnected")

    async def on_reconnected() -> None:
        log.info("nats reconnected")

    signing_in = sign_in(nats_url, settings)
    client = PatientClient(patience_s, own_account=signing_in.seed_file is not None)
    persevere(client)
    await client.connect(
        nats_url,
        name=name,
        error_cb=client.on_error,
        disconnected_cb=on_disconnected,
        reconnected_cb=on_reconnected,
        **signing_in.of_client(),
        **CONNECT_OPTIONS,
    )
    return client


async def disconnect(client: Client) -> None:
    """Close a connection; one that is lost at this very moment is closed as well."""
    try:
        await client.close()
    except (OSError, NatsError) as error:
        log.info("nats was lost while its connection was closed", error=repr(error))


async def subscribed(client: Client) -> None:
    """
    Wait until the server knows of everything that was subscribed to so far.

    Whoever says that it is ready before may be asked something that the server does not lead to it yet.

    Raises:
        ConnectionClosedError: the connection is closed for good.
    """
    while True:
        try:
            return await client.flush(SUBSCRIBED_S_MAX)
        except ConnectionClosedError:
            raise
        except (NatsError, OSError) as fault:
            log.warning(
                "the server does not say that it knows our subscriptions", fault=repr(fault)
            )
            await asyncio.sleep(SUBSCRIBED_PAUSE_S)


def log_jetstream(service: str, epoch: int = 1) -> StreamConfig:
    """Describe the jetstream that copies a service's log: nothing in it may be deleted."""
    return StreamConfig(
        name=subjects.jetstream_of(service, epoch),
        subjects=[subjects.events_of(service)],
        retention=RetentionPolicy.LIMITS,
        storage=StorageType.FILE,
        deny_delete=True,
        deny_purge=True,
        allow_atomic=True,
        allow_direct=True,
    )


def telemetry_jetstream() -> StreamConfig:
    """Describe the jetstream of readings: bounded in age and size."""
    return StreamConfig(
        name=subjects.TELEMETRY_JETSTREAM,
        subjects=[subjects.TELEMETRY_ALL],
        retention=RetentionPolicy.LIMITS,
        storage=StorageType.FILE,
        max_age=TELEMETRY_AGE_S,
        max_bytes=TELEMETRY_BYTES_MAX,
        allow_atomic=True,
    )


async def ensure_jetstream(js: JetStreamContext, config: StreamConfig) -> None:
    """Create a jetstream where there is none. One that is there learns to take batches, if it has to; it is
    left as it is otherwise.
    """
    try:
        present = (await js.stream_info(str(config.name))).config
    except NotFoundError:
        await js.add_stream(config)
        return
    if config.allow_atomic and not present.allow_atomic:
        await js.update_stream(present, allow_atomic=True)


async def request(
    client: Client,
    command: Command,
    subject: str,
    context: Context,
    timeout_s: float = REQUEST_TIMEOUT_S,
) -> Answer:
    """
    Send a command and wait for its answer.

    Raises:
        ServiceUnavailable: nobody listens, or nobody answered within `timeout_s` seconds.
        Denied: who is signed in may not send it.
    """
    try:
        reply = await client.request(
            subject,
            sent(command),
            timeout=timeout_s,
            headers=context.headers() | tracing.headers(),
        )
    except NoRespondersError as error:
        raise ServiceUnavailable(f"nobody listens to {subject}") from error
    except NatsTimeoutError as error:
        raise ServiceUnavailable(f"no answer on {subject} within {timeout_s} s") from error
    return Answer.model_validate_json(reply.data)
