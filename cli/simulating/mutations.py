"""
Rules of the product switched off inside the simulation, to show that it is noticed.

Each replaces something in this process for as long as it lasts; the product has no switch for it.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from unittest import mock

from cli.proving import sites, world
from cli.proving.minds import Decided, Mind
from cli.simulating import garage, misfortunes, plant
from services.balancer import commitments, partitions
from services.balancer.commitments import Standing
from services.balancer.ledger import Ledger
from services.installation.decider import installation
from services.telemetry import limits
from shared import announcing, follow, parking
from shared.announced import Unreadable
from shared.recorded import Recorded

Patch = Callable[[contextlib.ExitStack], None]


@dataclass(frozen=True, slots=True)
class Mutation:
    """A rule, and how it is switched off."""

    name: str
    what: str
    patch: Patch


def _replace(stack: contextlib.ExitStack, where: Any, name: str, by: Any) -> None:  # noqa: ANN401  # anything
    stack.enter_context(mock.patch.object(where, name, by))


def _commitment(stack: contextlib.ExitStack) -> None:
    _replace(stack, Ledger, "fits", lambda *_: True)
    _replace(stack, Ledger, "room_a", lambda *_: 1000.0)


def _lease_end(stack: contextlib.ExitStack) -> None:
    _replace(stack, Standing, "_falls_back_to_a", lambda *_: 0.0)


def _follow(stack: contextlib.ExitStack) -> None:
    _replace(stack, commitments, "CAR_FOLLOW_S", -10.0)
    _replace(stack, commitments, "CLOCK_SKEW_S", 0.0)


def _clock(stack: contextlib.ExitStack) -> None:
    for module in (sites, misfortunes):
        _replace(stack, module, "CLOCKS_OFF_S", (-60.0, 0.0, 60.0))


def _order(stack: contextlib.ExitStack) -> None:
    _replace(stack, limits, "_check_order", lambda *_: None)


def _announce_unread(
    self: garage.Garage, mind: Mind, decided: Decided, now_s: float
) -> Decided | None:
    """Append whatever the stream is at, and say so to oneself only."""
    self.versions[decided.installation_id] = decided.version
    return world.World.announce(self, mind, decided, now_s)


def _fence(stack: contextlib.ExitStack) -> None:
    _replace(stack, garage.Garage, "announce", _announce_unread)
    _order(stack)


def _reads_on(stack: contextlib.ExitStack) -> None:
    _replace(stack, garage.Garage, "replaced", lambda *_: False)


def _held(stack: contextlib.ExitStack) -> None:
    _replace(stack, partitions, "HELD_S", 60.0)


def _sequence(stack: contextlib.ExitStack) -> None:
    _replace(stack, announcing, "EXPECTED", "Unasked")


def _one_place(stack: contextlib.ExitStack) -> None:
    _replace(stack, plant, "installation", replace(installation, claims_of=lambda _: ()))


def _whatever_comes(
    batch: Sequence[Recorded | Unreadable], position: int
) -> tuple[list[Recorded | Unreadable], None]:
    """Pick the events that come after a position, whether or not some are missing."""
    return [it for it in batch if it.position > position], None


def _gap(stack: contextlib.ExitStack) -> None:
    _replace(stack, follow, "in_order", _whatever_comes)


class _Unasked(dict[str, int]):
    """What is parked, and nobody finds there."""

    def __contains__(self, _: object) -> bool:
        return False


async def _nothing_parked(*_: object) -> parking.FirstParked:
    return _Unasked()


def _behind(stack: contextlib.ExitStack) -> None:
    _replace(stack, parking, "first_parked", _nothing_parked)


MUTATIONS: Final = {
    it.name: it
    for it in (
        Mutation("commitment", "limits are announced whether or not they fit", _commitment),
        Mutation(
            "lease-end", "fail-safes after the end of a lease are not counted", _lease_end
        ),
        Mutation("follow", "cars are given no time to follow, clocks none to be off", _follow),
        Mutation("clock", "chargers' clocks are further off than is counted", _clock),
        Mutation("order", "gateways send limits on in whatever order they come", _order),
        Mutation("fence", "a balancer that was replaced goes on to append and send", _fence),
        Mutation(
            "reads-on",
            "a balancer that was replaced reads that, and goes on to decide",
            _reads_on,
        ),
        Mutation("held", "partitions count as held that nobody can prove to hold", _held),
        Mutation("sequence", "relays announce without saying what they follow", _sequence),
        Mutation("gap", "followers go on where something is missing", _gap),
        Mutation("behind", "followers apply what comes behind a parked event", _behind),
        Mutation(
            "one-place", "a serial is not claimed where its charger is assigned", _one_place
        ),
    )
}


@contextlib.contextmanager
def without(name: str | None) -> Iterator[None]:
    """Switch a rule off for a while; none: all hold."""
    with contextlib.ExitStack() as stack:
        if name is not None:
            MUTATIONS[name].patch(stack)
        yield
