"""A log read from beginning to end, and compared with everything that is kept beside it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cli.support.announced import announced, nats_client
from cli.support.ndjson import read_lines
from cli.support.reading import Logs, recorded_of
from cli.support.reports import Check, Report
from shared.epochs import present_copy
from shared.history.acts import Commands, command_faults
from shared.history.chain import GENESIS, Stored
from shared.history.claims import Claims, Key, reservation_faults
from shared.history.integrity import (
    Anchor,
    Fault,
    Verifier,
    at,
    copy_faults,
    cursor_faults,
    head_faults,
    stream_faults,
)
from shared.history.moments import LAYOUTS
from shared.messages.registry import UnknownEvent


@dataclass(slots=True)
class _Reading:
    """What is gathered while the events go by."""

    verifier: Verifier
    ids: list[str] = field(default_factory=list)
    commands: Commands = field(default_factory=Commands)
    claims: Claims = field(default_factory=Claims)
    unreadable: list[Fault] = field(default_factory=list)

    def show(self, stored: Stored) -> None:
        self.verifier.show(stored)
        self.ids.append(str(stored.event_id))
        self.commands.hear(stored)
        try:
            recorded = recorded_of(stored)
            self.claims.hear(recorded, recorded.event)
        except UnknownEvent as error:
            self.unreadable.append(at(stored, str(error)))
        except ValueError as error:
            self.unreadable.append(at(stored, f"it cannot be read: {_short(error)}"))

    def report(self, service: str) -> Report:
        self.verifier.finish()
        last = self.verifier.last
        found = self.verifier
        report = Report(
            service,
            found.count,
            str(Anchor(0, GENESIS) if last is None else Anchor(last.position, last.hash)),
            found.first_bad,
        )
        anchored = f", {len(found.anchors)} anchors" if found.anchors else ""
        report.checks += [
            Check("hash chain", f"{found.count} hashes computed anew{anchored}", found.chain),
            Check("order", f"{len(found.versions)} streams, dense positions", found.order),
            Check(
                "content",
                f"{found.count} events read",
                [*self.unreadable, *self.commands.nameless],
            ),
        ]
        return report


def _short(error: ValueError) -> str:
    return str(error).splitlines()[0]


@dataclass(frozen=True, slots=True)
class _Beside:
    """What is kept beside the events, all of it at one moment."""

    position: int
    hash: bytes
    epoch: int
    versions: Mapping[str, int]
    answered: Mapping[str, int]
    reservations: Mapping[Key, tuple[str, int]]


async def _beside(logs: Logs, service: str) -> _Beside:
    """Read it in one snapshot: whatever is appended meanwhile is in none of it, or in all."""
    connection = await logs.connection(service)
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        head = await connection.fetchrow("select position, hash, epoch from log_head")
        versions = await connection.fetch("select stream, version from log_stream")
        answered = await connection.fetch("select command_id, position from log_command")
        kept = await connection.fetch("select kind, key, holder, position from reservation")
    return _Beside(
        int(head["position"]),
        bytes(head["hash"]),
        int(head["epoch"]),
        {row["stream"]: int(row["version"]) for row in versions},
        {row["command_id"]: int(row["position"]) for row in answered},
        {(row["kind"], row["key"]): (row["holder"], int(row["position"])) for row in kept},
    )


async def verify_log(
    logs: Logs, service: str, anchors: Sequence[Anchor], nats_url: str | None
) -> Report:
    """
    Verify a service's log in its database; it may be written to meanwhile.

    Args:
        logs: where it is.
        service: whose log.
        anchors: hashes that positions must have.
        nats_url: where its jetstream is; none to leave it out.

    Raises:
        ServiceUnavailable: a server cannot be reached.
    """
    beside = await _beside(logs, service)
    reading = _Reading(Verifier(anchors=anchors))
    async for page in logs.pages(service, 0, beside.position):
        for stored in page:
            reading.show(stored)
    report = reading.report(service)
    report.answered, report.spans = beside.answered, reading.commands.spans
    report.checks += _compared(service, reading, beside)
    if nats_url is not None:
        report.checks.append(await _copy(service, reading, nats_url))
    report.checks.append(await _cursors(logs, service, beside.epoch))
    return report


def _compared(service: str, reading: _Reading, beside: _Beside) -> Iterator[Check]:
    found, claims = reading.verifier, reading.claims
    ends = head_faults(found.last, beside.position, beside.hash)
    yield Check("head", "the log ends where it is said to end", ends)
    versions = stream_faults(found.versions, beside.versions)
    yield Check("versions", f"{len(beside.versions)} streams as they are kept", versions)
    spans = reading.commands.spans
    told = f"{len(beside.answered)} answered, {len(spans)} of them with events"
    yield Check("commands", told, command_faults(spans, beside.answered))
    if service == LAYOUTS:
        told = f"{claims.checked} claims and releases: no serial was ever in two places"
        yield Check("one place", told, tuple(claims.faults))
        kept = reservation_faults(claims.holders, beside.reservations)
        told = f"{len(beside.reservations)} keys are kept as the log says"
        yield Check("reservations", told, kept)


async def _copy(service: str, reading: _Reading, nats_url: str) -> Check:
    async with nats_client(nats_url) as client:
        copy = await present_copy(client.jetstream(), service)
        held = None if copy is None else await announced(client, copy.name)
    if held is None:
        behind = len(reading.ids)
        told = "there is no jetstream yet" if not behind else "there is no jetstream"
        return Check("jetstream", told, [Fault(1, "nothing was announced")] if behind else [])
    ids = reading.ids
    known = [it for it in held if it[0] <= len(ids)]
    newer = len(held) - len(known)
    faults = copy_faults(ids, known)
    behind = len(ids) - (held[-1][0] if held else 0)
    told = f"{len(known)} messages, event by event"
    if behind > 0:
        told += f"; {behind} events are not announced yet"
    if newer:
        told += f"; {newer} newer ones"
    return Check("jetstream", told, faults)


async def _cursors(logs: Logs, service: str, epoch: int) -> Check:
    """Compare cursors of the log's present epoch; those of an earlier one begin anew by themselves."""
    cursors: dict[str, int] = {}
    for consumer in await logs.present():
        rows = await logs.rows(
            consumer,
            "select consumer, position from cursor where service = $1 and log_epoch = $2",
            service,
            epoch,
        )
        cursors |= {row["consumer"]: int(row["position"]) for row in rows}
    head = await logs.head(service)
    return Check("cursors", f"{len(cursors)} consumers", cursor_faults(head, cursors))


# --- A file ---


async def verify_file(file: Path, anchors: Sequence[Anchor]) -> list[Report]:
    """
    Verify an export, which may begin anywhere in a log.

    Raises:
        ValueError: it cannot be read, or is no export.
    """
    readings: dict[str, _Reading] = {}
    try:
        with file.open("rb") as lines:
            for service, stored, previous in read_lines(lines):
                if service not in readings:
                    begin = Verifier(previous, stored.position, anchors)
                    readings[service] = _Reading(begin)
                readings[service].show(stored)
    except OSError as error:
        raise ValueError(f"{file} cannot be read: {error.strerror or error}") from error
    if not readings:
        raise ValueError(f"{file} holds no events")
    return [reading.report(service) for service, reading in readings.items()]
