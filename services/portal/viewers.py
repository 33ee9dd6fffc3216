"""
Viewers: who looks at which installation, and the one picture that is drawn for all of them.

A picture is drawn twice a second while anybody looks, and sent only where it differs. A viewer
who is slow gets the newest picture next, never a queue of old ones.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from services.portal.view import InstallationView
from shared.ids import InstallationId
from shared.speech import SOURCE

TICK_S: Final = 0.5
BEAT_S: Final = 5.0
"""How long a viewer is left without a word; a beat only tells that the portal is there."""

Changes = dict[str, Any]
"""The parts of a view, by name; breakers and chargers by their ids."""


def changes(before: InstallationView | None, after: InstallationView) -> Changes:
    """Name what differs between two pictures; all of it when there was none before."""
    told: Changes = {}
    if before is None or before.head != after.head:
        told["head"] = after.head
    if before is None or before.scene != after.scene:
        told["scene"] = after.scene
    seen = set() if before is None else {*before.breakers, *before.chargers}
    told["breakers"] = {it.id: it for it in after.breakers if it not in seen}
    told["chargers"] = {it.id: it for it in after.chargers if it not in seen}
    return {name: part for name, part in told.items() if part}


@dataclass(slots=True)
class _Picture:
    view: InstallationView | None = None
    viewers: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)


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
                    picture.view = view
                    _wake(picture)
            await asyncio.sleep(TICK_S)

    def close(self) -> None:
        """Send everybody home: streams end at once, browsers ask again by themselves."""
        self._closing = True
        for picture in self._pictures.values():
            _wake(picture)

    async def watch(self, sight: Sight) -> AsyncIterator[Changes | None]:
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
                    yield changes(seen, view)
                    seen = view
                    continue
                with suppress(TimeoutError):
                    await asyncio.wait_for(changed.wait(), self._beat_s)
                    continue
                yield None
        finally:
            picture.viewers -= 1
            if not picture.viewers:
                self._pictures.pop(sight, None)


def _wake(picture: _Picture) -> None:
    picture.changed.set()
    picture.changed = asyncio.Event()
