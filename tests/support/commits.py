"""Commits for tests of the log."""

from shared.decider import Claim
from shared.event_store import Commit, StreamEvents
from shared.ids import new_id
from shared.messages import Answer, Verdict
from shared.messages.installation import CircuitAdded
from shared.recorded import Meta

ACCEPTED = Answer(verdict=Verdict.ACCEPTED)


def added(circuit_id: str = "level-1") -> CircuitAdded:
    return CircuitAdded(
        installation_id="garage", circuit_id=circuit_id, name=circuit_id, breaker_a=63, set_a=63
    )


def commit(
    *parts: StreamEvents, command_id: str | None = None, claims: tuple[Claim, ...] = ()
) -> Commit:
    command_id = command_id or new_id()
    meta = Meta(actor="test", command_id=command_id, correlation_id="c")
    return Commit(command_id, b"mark", ACCEPTED, meta, parts, claims)


def one(stream: str, version: int | None = None, command_id: str | None = None) -> Commit:
    """Make a commit of one event on one stream, decided at a version or whatever it is."""
    return commit(StreamEvents(stream, version, [added()]), command_id=command_id)
