"""What every connection of the gateway stands on."""

from collections import Counter
from dataclasses import dataclass, field

from nats.aio.client import Client

from services.telemetry.authority import Authority
from services.telemetry.certificates import Certificates
from services.telemetry.credentials import Credentials
from services.telemetry.epochs import Epochs
from services.telemetry.holds import Holds
from services.telemetry.knocks import Knocks
from services.telemetry.lists import ListSent
from services.telemetry.own_streams import OwnStreams
from services.telemetry.passes import Passes
from services.telemetry.publisher import Publisher
from services.telemetry.rights import Rights
from services.telemetry.settings import Settings
from services.telemetry.signed.keeping import SignedValues
from services.telemetry.tries import Tries
from services.telemetry.whereabouts import Whereabouts
from shared.event_store import EventStore
from shared.ids import Serial


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts that one gateway's connections share."""

    gateway_id: str
    settings: Settings
    client: Client
    store: EventStore
    epochs: Epochs
    holds: Holds
    publisher: Publisher
    whereabouts: Whereabouts
    rights: Rights
    passes: Passes
    certificates: OwnStreams[Certificates]
    tokens: OwnStreams[Credentials]
    """Of meters at breakers."""
    signed: SignedValues
    """What meters have signed of sessions."""
    tries: Tries
    """Who has shown wrong passwords lately."""
    authority: Authority | None
    """Who signs certificates of chargers; none: nobody here."""
    lists: dict[Serial, ListSent] = field(default_factory=dict)
    """What each charger's local list holds, as far as this process has sent it."""
    knocks: Knocks = field(default_factory=Knocks)
    last_words: Knocks = field(default_factory=Knocks)
    """Which chargers that are locked out were let in lately, to tell the end of a session."""
    faults: "Counter[Serial]" = field(default_factory=Counter)
    """How many unreadable messages each charger has sent."""
