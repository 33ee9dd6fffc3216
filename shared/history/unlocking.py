"""Why a serial is locked, whether its charger was carried away, and what would unlock it."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from shared.history.serials import Contact, SerialStory, Stay
from shared.history.states import Installation
from shared.ids import ChargerId, CircuitId, InstallationId
from shared.messages.telemetry import ChargerRefused, Place


class Moved(StrEnum):
    """Whether a locked charger still is where it was, as far as its network address tells."""

    NO = "no"
    """It has tried to connect, from where it was connected before."""
    ELSEWHERE = "elsewhere"
    """It has tried to connect from another address: somebody may have carried it away."""
    UNKNOWN = "unknown"
    """It has tried to connect, but no earlier address is known to compare with."""
    SILENT = "silent"
    """It has not tried to connect."""


@dataclass(frozen=True, slots=True)
class Way:
    """A way to get a serial free, and the command for it."""

    what: str
    command: str


@dataclass(frozen=True, slots=True)
class Why:
    """Everything that is to be said of a locked serial."""

    installation_id: InstallationId
    charger_id: ChargerId
    circuit_id: CircuitId | None
    """What it went down with; none for the whole installation."""
    since: tuple[Contact, ...]
    moved: Moved
    ways: tuple[Way, ...]

    @property
    def knocks(self) -> list[ChargerRefused]:
        return [it.event for it in self.since if isinstance(it.event, ChargerRefused)]


def why_locked(story: SerialStory) -> Why | None:
    """Say why a serial is locked; none if it is not."""
    stay, lock = story.stay, story.lock
    if stay is None or lock is None:
        return None
    since = tuple(story.since_lock())
    ways = tuple(_ways(story, story.installations[stay.installation_id], stay))
    return Why(
        stay.installation_id, stay.charger_id, lock.circuit_id, since, _moved(since), ways
    )


def _moved(since: tuple[Contact, ...]) -> Moved:
    """The latest knock counts: a charger that was carried away may have been brought back."""
    places = [it.place for it in since if isinstance(it.event, ChargerRefused)]
    known = [it for it in places if it is not Place.UNKNOWN]
    if not places:
        return Moved.SILENT
    if not known:
        return Moved.UNKNOWN
    return Moved.ELSEWHERE if known[-1] is Place.ELSEWHERE else Moved.NO


def _ways(story: SerialStory, state: Installation, stay: Stay) -> Iterator[Way]:
    lock = story.lock
    home = stay.installation_id
    if lock is not None:
        first = [it for it in story.blocking if it != lock.circuit_id]
        steps = (
            [*first, lock.circuit_id]
            if _above(state, lock.circuit_id, first)
            else [lock.circuit_id]
        )
        names = " and then ".join(named(state, it) for it in steps)
        commands = "; ".join(_reactivation(home, it) for it in steps)
        yield Way(f"reactivate {names}: it charges there again", commands)
    yield Way(
        "unlock it: it is removed from there, and can be assigned anywhere",
        f'ampledger serial unlock {story.serial} --reason "..."',
    )


def _above(
    state: Installation, circuit_id: CircuitId | None, others: list[CircuitId | None]
) -> bool:
    """Tell whether what else is out of use lies above what locked the serial."""
    if circuit_id is None:
        return False
    above = {it for it, _ in state.above(circuit_id)} - {circuit_id}
    return bool(others) and all(it is None or it in above for it in others)


def named(state: Installation, circuit_id: CircuitId | None) -> str:
    """Name what a serial can go down with; none stands for the installation."""
    return state.name if circuit_id is None else f"circuit {state.circuit_name(circuit_id)}"


def _reactivation(home: InstallationId, circuit_id: CircuitId | None) -> str:
    if circuit_id is None:
        return f"ampledger installation reactivate {home}"
    return f"ampledger circuit reactivate {home} {circuit_id}"
