"""
Viewers: who looks at which installation, and the one picture that is drawn for all of them.

A picture is drawn twice a second while anybody looks, and only what differs is sent, written once for all
viewers. A viewer who is slow gets the newest picture next, never a queue of old ones.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, Final

import orjson

from services.portal.breaker_view import BreakerView
from services.portal.charger_view import ChargerView
from services.portal.view import Head, InstallationView, Scene
from shared.ids import InstallationId
from shared.speech import SOURCE

TICK_S: Final = 0.5
BEAT_S: Final = 5.0
"""How long a viewer is left without a word; a beat only tells that the portal is there."""

Changes = dict[str, Any]
"""The parts of a view, by name; breakers and chargers by their ids; of each what differs, by name."""
_Part = Head | Scene | BreakerView | ChargerView


def changes(before: InstallationView | None, after: InstallationView) -> Changes:
    """Name what differs between two pictures; all of it when there was none before."""
    told: Changes = {
        "head": _differs(None if before is None else before.head, after.head),
        "scene": _differs(None if before is None else before.scene, after.scene),
    }
    for kind in ("breakers", "chargers"):
        seen = {} if before is None else {it.id: it for it in getattr(before, kind)}
        parts = {it.id: _differs(seen.get(it.id), it) for it in getattr(after, kind)}
        told[kind] = {part_id: it for part_id, it in parts.items() if it}
    return {name: part for name, part in told.items() if part}


def _differs(before: _Part | None, after: _Part) -> Changes:
    if before is None:
        return asdict(after)
    if before == after:
        return {}
    values = ((name, getattr(after, name)) for name in after.__dataclass_fields__)
    return {name: it for name, it in values if it != getattr(before, name)}


@dataclass(frozen=True)
class Told:
    """What is told of a picture: to everybody who has seen the one before it, the same."""

    changes: Changes

    @cached_property
    def written(self) -> bytes:
        """As JSON."""
        return orjson.dumps(self.changes)


@dataclass(slots=True)
class _Picture:
    view: InstallationView | None = None
    before: InstallationView | None = None
    told: Told | None = None
    """What differs from the picture before."""
    whole: Told | None = None
    """All of it, if somebody new has asked for that."""
    viewers: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, view: InstallationView | None) -> None:
        """Replace the picture, and wake whoever waits for another one."""
        self.view, self.before = view, self.view
        self.told = self.whole = None
        self.wake()

    def wake(self) -> None:
        self.changed.set()
        self.changed = asyncio.Event()

    def told_to(self, seen: InstallationView | None, view: InstallationView) -> Told:
        """Tell what differs for somebody; most have seen nothing, or the picture before."""
        if seen is None:
            self.whole = self.whole or Told(changes(None, view))
            return self.whole
        if seen is self.before:
            self.told = self.told or Told(changes(seen, view))
            return self.told
        return Told(changes(seen, view))


@dataclass(frozen=True, slots=True)
class Sight:
    """What somebody looks at: an installation, with or without what is deactivated in it, in a language."""

    installation_id: InstallationId
    deactivated: bool = False
    language: str = SOURCE


class Viewers:
    """Everybody who looks now. `draw` makes the picture of an installation, if there is one."""

    def __init__(
        self,
        draw: Callable[[Sight], InstallationView | None],
        beat_s: float = BEAT_S,
    ) -> None:
        self._draw = draw
        self._beat_s = beat_s
        self._pictures: dict[Sight, _Picture] = {}
        self._closing = False

    async def run(self) -> None:
        """Draw what is looked at, for ever, at most twice a second."""
        while True:
            for sight, picture in list(self._pictures.items()):
                view = self._draw(sight)
                if view != picture.view:
                    picture.take(view)
            await asyncio.sleep(TICK_S)

    def close(self) -> None:
        """Send everybody home: streams end at once, browsers ask again by themselves."""
        self._closing = True
        for picture in self._pictures.values():
            picture.wake()

    async def watch(self, sight: Sight) -> AsyncIterator[Told | None]:
        """Tell all, and then what changes, until the viewer has gone; None is a beat."""
        picture = self._pictures.setdefault(sight, _Picture())
        picture.viewers += 1
        if picture.view is None:
            picture.view = self._draw(sight)
        seen: InstallationView | None = None
        try:
            while not self._closing:
                changed, view = picture.changed, picture.view
                if view is not None and view is not seen:
                    told, seen = picture.told_to(seen, view), view
                    yield told
                    continue
                with suppress(TimeoutError):
                    await asyncio.wait_for(changed.wait(), self._beat_s)
                    continue
                yield None
        finally:
            picture.viewers -= 1
            if not picture.viewers:
                self._pictures.pop(sight, None)
