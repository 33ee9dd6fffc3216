"""Every command counts once: where its events are, and what it was answered."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from shared.history.chain import Stored
from shared.history.integrity import Fault, at


@dataclass(frozen=True, slots=True)
class Span:
    """The events of one command: from where to where they lie, and how many they are."""

    first: int
    last: int
    count: int

    @property
    def whole(self) -> bool:
        """Tell whether they lie behind one another, as one append leaves them."""
        return self.last - self.first + 1 == self.count


@dataclass(slots=True)
class Commands:
    """Gathers the commands of a log, event by event."""

    spans: dict[str, Span] = field(default_factory=dict)
    nameless: list[Fault] = field(default_factory=list)

    def hear(self, event: Stored) -> None:
        """Take in the next event."""
        command_id = event.command_id
        if command_id is None:
            self.nameless.append(at(event, "its metadata names no command"))
            return
        known = self.spans.get(command_id)
        if known is None:
            self.spans[command_id] = Span(event.position, event.position, 1)
        else:
            self.spans[command_id] = replace(known, last=event.position, count=known.count + 1)


def command_faults(spans: Mapping[str, Span], answered: Mapping[str, int]) -> list[Fault]:
    """
    Compare the commands that events name with those that were answered.

    Args:
        spans: where the events of a command are.
        answered: the position in a command's first answer; 0 if it led to no event.
    """
    faults = [
        Fault(span.first, f"the events of command {it} do not lie together: it was taken twice")
        for it, span in spans.items()
        if not span.whole
    ]
    faults += [
        Fault(span.first, f"command {it} has events, but no answer")
        for it, span in spans.items()
        if it not in answered
    ]
    for it, position in answered.items():
        last = spans[it].last if it in spans else 0
        if last != position:
            what = f"command {it} was answered with this position, its last event is at {last}"
            faults.append(Fault(position, what))
    return faults


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A command whose sender has heard that it was accepted."""

    service: str
    command_id: str
    position: int | None
    """As it was answered; none if the sender did not keep it."""


def acknowledged_faults(
    heard: Iterable[Acknowledged],
    answered: Mapping[str, Mapping[str, int]],
    spans: Mapping[str, Mapping[str, Span]],
) -> list[Fault]:
    """
    Find acknowledged commands that the logs do not hold, or hold otherwise.

    Args:
        heard: what senders have heard.
        answered: by service, the position in every command's first answer.
        spans: by service, where the events of every command are.
    """
    faults: list[Fault] = []
    for it in heard:
        known = answered.get(it.service, {}).get(it.command_id)
        span = spans.get(it.service, {}).get(it.command_id)
        whose = f"command {it.command_id} to {it.service}"
        if known is None:
            faults.append(Fault(it.position or 0, f"{whose} was acknowledged and is lost"))
        elif it.position is not None and known != it.position:
            faults.append(
                Fault(it.position, f"{whose} was acknowledged here, it is at {known}")
            )
        elif known > 0 and (span is None or not span.whole):
            faults.append(
                Fault(known, f"{whose} was acknowledged, its events are not there once")
            )
    return faults
