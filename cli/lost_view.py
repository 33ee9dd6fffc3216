"""What a restored log has lost, for people and for programs."""

from typing import Final

from rich.markup import escape

from cli.lost import Loss
from cli.support.output import console
from shared.recorded import Recorded

SHOWN_MAX: Final = 20


def show(loss: Loss) -> None:
    """Show how a log and its jetstream compare."""
    shown = console()
    shown.print(f"[bold]{loss.service}[/]: {escape(loss.why or 'log and jetstream agree')}")
    shown.print(f"  the log ends at {loss.log.position}, epoch {loss.log.epoch}")
    if loss.copy is None:
        shown.print("  there is no jetstream: nobody can say what is lost")
        return
    shown.print(
        f"  its jetstream {loss.copy.name} ends at {loss.copy.last}; the same up to {loss.common}"
    )
    if not loss.lost:
        shown.print("  nothing that was announced is lost")
        return
    shown.print(f"  [yellow]{loss.lost} announced events are lost[/]:")
    for event in loss.events[:SHOWN_MAX]:
        at = event.recorded_at.isoformat(timespec="seconds")
        shown.print(
            escape(
                f"    {event.position}  {at}  {event.type}  {event.stream}  {event.meta.actor}"
            )
        )
    if loss.lost > SHOWN_MAX:
        shown.print(f"    and {loss.lost - SHOWN_MAX} more: --json")


def as_json(loss: Loss) -> dict[str, object]:
    """Tell a program the same, and all that is known of the lost events."""
    return {
        "service": loss.service,
        "why": loss.why,
        "epoch": loss.log.epoch,
        "head": loss.log.position,
        "jetstream": loss.copy.name if loss.copy else None,
        "jetstream_last": loss.copy.last if loss.copy else None,
        "common": loss.common,
        "lost": loss.lost,
        "lost_events": [_event_as_json(it) for it in loss.events],
        "leases_end_at": loss.leases_end_at,
    }


def _event_as_json(event: Recorded) -> dict[str, object]:
    return {
        "position": event.position,
        "event_id": str(event.event_id),
        "type": event.type,
        "stream": event.stream,
        "version": event.version,
        "recorded_at": event.recorded_at,
        "actor": event.meta.actor,
        "data": event.data.decode("utf-8", "replace"),
    }
