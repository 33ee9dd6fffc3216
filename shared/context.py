"""
What belongs together: the correlation id that follows a wish through every hop.

It is bound once where a message comes in, shows in every log line, travels in NATS headers and is
recorded with every event.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import structlog

from shared.ids import new_id

CORRELATION_HEADER = "Ampledger-Correlation"
CAUSATION_HEADER = "Ampledger-Causation"
ACTOR_HEADER = "Ampledger-Actor"
EXPECTED_VERSION_HEADER = "Ampledger-Expected-Version"


@dataclass(frozen=True, slots=True)
class Context:
    """Who acts, and in which connection."""

    actor: str
    correlation_id: str
    causation_id: str | None = None
    allowed_by: str | None = None
    """By what right a person acts; none for those who need none."""
    expected_version: int | None = None
    """At which version of what it is about the wish was made; none: whatever has happened since."""

    def headers(self) -> dict[str, str]:
        """Spell the context as NATS headers."""
        headers = {ACTOR_HEADER: self.actor, CORRELATION_HEADER: self.correlation_id}
        if self.causation_id is not None:
            headers[CAUSATION_HEADER] = self.causation_id
        if self.expected_version is not None:
            headers[EXPECTED_VERSION_HEADER] = str(self.expected_version)
        return headers


_present: ContextVar[Context | None] = ContextVar("context", default=None)


def present_context() -> Context:
    """Name the context of what is being done; without one, it is the system's own new wish."""
    return _present.get() or Context(actor="system", correlation_id=new_id())


@contextmanager
def acting(
    actor: str,
    correlation_id: str | None = None,
    causation_id: str | None = None,
    allowed_by: str | None = None,
    expected_version: int | None = None,
) -> Iterator[Context]:
    """Bind a context for everything that is done inside."""
    correlation_id = correlation_id or new_id()
    context = Context(actor, correlation_id, causation_id, allowed_by, expected_version)
    token = _present.set(context)
    with structlog.contextvars.bound_contextvars(correlation_id=context.correlation_id):
        try:
            yield context
        finally:
            _present.reset(token)


def context_of(headers: dict[str, str] | None, default_actor: str) -> Context:
    """Read a context from NATS headers, or begin one."""
    given = headers or {}
    version = given.get(EXPECTED_VERSION_HEADER)
    return Context(
        actor=given.get(ACTOR_HEADER, default_actor),
        correlation_id=given.get(CORRELATION_HEADER) or new_id(),
        causation_id=given.get(CAUSATION_HEADER),
        expected_version=None if version is None else _version(version),
    )


def _version(text: str) -> int:
    """Read a version; what is none is one that nothing ever has, so that it fits nothing."""
    return int(text) if text.isdecimal() else -1
