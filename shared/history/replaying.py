"""Going through events one by one: the states around each of them, and what it changed."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from shared.history.differences import Difference, differences
from shared.history.folding import evolve
from shared.history.merging import Told
from shared.history.states import Installation
from shared.history.timeline import ROUTINE
from shared.ids import InstallationId


@dataclass(frozen=True, slots=True)
class Step:
    """An event, and the states around it."""

    told: Told
    before: Installation
    after: Installation

    @property
    def found(self) -> Sequence[Difference]:
        """What it changed."""
        return differences(self.before, self.after)


def replayed(
    story: Iterable[Told], concerns: Callable[[Told], bool], *, everything: bool = False
) -> list[Step]:
    """
    Go through a story, from its beginning.

    Args:
        story: merged events; those that are no steps are folded all the same.
        concerns: whether an event is a step.
        everything: routine events are steps as well.
    """
    states: dict[InstallationId, Installation] = {}
    steps = []
    for told in story:
        key = getattr(told.event, "installation_id", "")
        before = states.get(key) or Installation(key)
        after = before if told.event is None else evolve(before, told.event)
        states[key] = after
        routine = told.recorded.type in ROUTINE and not everything
        if concerns(told) and not routine:
            steps.append(Step(told, before, after))
    return steps
