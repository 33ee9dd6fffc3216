"""
Who may say and hear what on NATS: one table, from which the server's configuration is written.

The operator signs in as one trusted user. Our own services have a table (`shared/service_grants.py`). A
*subscriber* is somebody else's service. All of them have accounts of their own, because within one account
a permission is not enough. A request carries the subject of its answer, which the server publishes to
without asking whose it is; whoever may ask JetStream anything could have the answer land among our events.
Between accounts an answer only ever finds the way back.

A subscriber creates nothing. Its consumer, on each jetstream that it may hear, is made for it, with the
filter of what it may hear; it pulls from it, acknowledges, and sets it back to its own position.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from shared import subjects
from shared.messages import Event, Message

ACCOUNT: Final = "AMPLEDGER"
"""The account of the operator; the jetstreams are in it."""
TRUSTED: Final = "ampledger"
"""The user that the operator signs in as."""

INBOXES: Final = "_INBOX.>"
"""Where answers come in. Inboxes of different accounts do not meet, so nobody needs a prefix."""


@dataclass(frozen=True, slots=True)
class Request:
    """
    Something that JetStream is asked for, about one consumer.

    Args:
        subject: with `{jetstream}` and `{consumer}` in place of their names.
        many: it may be answered more than once.
    """

    subject: str
    many: bool = False

    def about(self, consumer: str, jetstream: str = "*") -> str:
        """Spell it; consumers of a name belong to the same user wherever they are."""
        return self.subject.format(consumer=consumer, jetstream=jetstream)


@dataclass(frozen=True, slots=True)
class Grant:
    """What one user may publish, and what it may subscribe to."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]


BEGIN: Final = Request("$JS.API.CONSUMER.RESET.{jetstream}.{consumer}")
"""Set a consumer to a position (NATS ADR-60), from NATS 2.14 on."""
PULL: Final = Request("$JS.API.CONSUMER.MSG.NEXT.{jetstream}.{consumer}", many=True)
ACKNOWLEDGE: Final = Request("$JS.ACK.{jetstream}.{consumer}.>")
ACKNOWLEDGE_2: Final = Request("$JS.ACK.*.*.{jetstream}.{consumer}.>")
"""The newer spelling, with domain and account (NATS 2.15)."""

SUBSCRIBER_REQUESTS: Final = (BEGIN, PULL, ACKNOWLEDGE, ACKNOWLEDGE_2)
"""All that subscribers ask of JetStream."""


def subscriber_user(name: str) -> str:
    """
    Name the user, the account and the consumers of a subscriber.

    The prefix keeps them apart from those of our own services, whatever it calls itself.

    >>> subscriber_user("billing")
    'subscriber-billing'
    """
    return f"subscriber-{name}"


def subscriber(name: str) -> Grant:
    """
    Grant a subscriber its own consumers, and nothing else.

    >>> subscriber("billing").publish[0]
    '$JS.API.CONSUMER.RESET.*.subscriber-billing'
    """
    consumer = subscriber_user(name)
    return Grant(tuple(it.about(consumer) for it in SUBSCRIBER_REQUESTS), (INBOXES,))


def filters(kinds: Iterable[type[Message]]) -> dict[str, tuple[str, ...]]:
    """
    Spell the subjects of some events and readings.

    Returns:
        Subjects by the jetstream's own subject, such as `events.installation.>`.
    """
    found: dict[str, tuple[str, ...]] = {}
    for kind in kinds:
        if issubclass(kind, Event):
            whole = subjects.events_of(kind.service)
            own = f"{whole.removesuffix('>')}*.*.{kind.__name__}"
        else:
            whole, own = subjects.TELEMETRY_ALL, subjects.telemetry_all(kind)
        found[whole] = (*found.get(whole, ()), own)
    return found
