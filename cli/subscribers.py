"""
The consumers of subscribers: one on every jetstream that has something for them.

A subscriber may not make any itself (`shared/grants.py` says why), so they are made here: when it is added,
and again whenever a jetstream appears or is lost. One on a jetstream whose epoch is over is taken away, so
that its subscriber notices.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, StreamInfo
from nats.js.errors import NotFoundError

from cli.faults import FolderDamaged
from cli.nats_access import open_access
from cli.published.language import HEARD
from shared import grants, subjects
from shared.messaging import connect

LOOK_S: Final = 2.0
"""How soon a subscriber can hear from a jetstream that is new."""
UNACKNOWLEDGED_MAX: Final = 1000
NUMBERING: Final = "ampledger-numbering"
"""Metadata of a consumer: as long as it stays the same, a sequence number means the same message."""
PREFIX: Final = grants.subscriber_user("")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Standing:
    """
    How far a subscriber has come on one jetstream.

    Args:
        user: whom the consumer belongs to.
        kinds: what it hears; all there is if it is empty.
        behind: messages that it has not been given yet.
    """

    user: str
    jetstream: str
    kinds: tuple[str, ...]
    behind: int


def filters_of(kinds: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """
    Spell what is heard of each jetstream, by the jetstream's subject; everything if no kind is named.

    >>> filters_of(["CircuitAdded"])
    {'events.installation.>': ('events.installation.*.*.CircuitAdded',)}
    """
    if kinds:
        return grants.filters(HEARD[it] for it in kinds)
    return {whole: (whole,) for whole in grants.filters(HEARD.values())}


def numbering_of(jetstream: StreamInfo) -> str:
    """
    Name what the sequence numbers of a jetstream belong to.

    Those of a log are its positions in one epoch, which the name has; if it is lost, it is announced
    anew with the same ones. Readings have no other copy, so another jetstream counts anew.
    """
    name = str(jetstream.config.name)
    return f"{name} {jetstream.created}" if name == subjects.TELEMETRY_JETSTREAM else name


def consumer_of(user: str, heard: Sequence[str], numbering: str) -> ConsumerConfig:
    """Describe the consumer of a subscriber: in order, and from the beginning unless it says so."""
    return ConsumerConfig(
        durable_name=user,
        deliver_policy=DeliverPolicy.ALL,
        ack_policy=AckPolicy.ALL,
        max_ack_pending=UNACKNOWLEDGED_MAX,
        max_deliver=-1,
        filter_subjects=list(heard),
        metadata={NUMBERING: numbering},
    )


async def provide(js: JetStreamContext, user: str, kinds: Sequence[str]) -> list[str]:
    """
    Make a subscriber's consumers where they are missing, and take away those of no use.

    Returns:
        The jetstreams that it has one on.
    """
    heard = filters_of(kinds)
    provided = []
    for info in await js.streams_info():
        name = str(info.config.name)
        wanted = _heard_of(info, heard)
        there = await _consumer(js, name, user)
        if there is not None and not wanted:
            await js.delete_consumer(name, user)
        elif wanted and (there is None or set(there) != set(wanted)):
            await js.add_consumer(name, consumer_of(user, wanted, numbering_of(info)))
        if wanted:
            provided.append(name)
    return provided


async def provide_again(js: JetStreamContext) -> dict[str, list[str]]:
    """
    Provide for all who have a consumer somewhere, by what it hears there.

    Returns:
        The jetstreams of each.
    """
    found: dict[str, list[Standing]] = {}
    for standing in await standings(js):
        found.setdefault(standing.user, []).append(standing)
    provided = {}
    for user, theirs in found.items():
        everything = any(not it.kinds for it in theirs)
        kinds = [] if everything else [kind for it in theirs for kind in it.kinds]
        provided[user] = await provide(js, user, kinds)
    return provided


async def withdraw(js: JetStreamContext, user: str) -> None:
    """Take a subscriber's consumers away, wherever they are."""
    for info in await js.streams_info():
        if await _consumer(js, str(info.config.name), user) is not None:
            await js.delete_consumer(str(info.config.name), user)


async def standings(js: JetStreamContext) -> list[Standing]:
    """Look how far every subscriber has come on every jetstream."""
    found = []
    for info in await js.streams_info():
        jetstream = str(info.config.name)
        for consumer in await js.consumers_info(jetstream):
            if consumer.name.startswith(PREFIX):
                heard = _filters(consumer.config)
                kinds = tuple(it.rpartition(".")[2] for it in heard if not it.endswith(".>"))
                behind = consumer.num_pending or 0
                found.append(Standing(consumer.name, jetstream, kinds, behind))
    return found


async def keep_provided(store: Path, nats_url: str) -> None:
    """Provide for all subscribers, for ever; without any of them, nobody is asked anything."""
    client: Client | None = None
    try:
        while True:
            try:
                subscribers = open_access(store).subscribers
                if subscribers:
                    client = client or await connect(nats_url, "ampledger-subscribers")
                for it in subscribers:
                    assert client is not None  # noqa: S101  # there is somebody to provide for
                    await provide(client.jetstream(), it.user, it.kinds)
            except (FolderDamaged, NatsError, OSError) as fault:
                log.warning("subscribers not provided for", reason=repr(fault))
            await asyncio.sleep(LOOK_S)
    finally:
        if client is not None:
            await client.close()


def _heard_of(info: StreamInfo, heard: Mapping[str, Sequence[str]]) -> Sequence[str]:
    announced = info.config.subjects or []
    return next((it for whole, it in heard.items() if whole in announced), ())


async def _consumer(js: JetStreamContext, jetstream: str, user: str) -> list[str] | None:
    try:
        return _filters((await js.consumer_info(jetstream, user)).config)
    except NotFoundError:
        return None


def _filters(config: ConsumerConfig) -> list[str]:
    single = [config.filter_subject] if config.filter_subject else []
    return list(config.filter_subjects or single)
