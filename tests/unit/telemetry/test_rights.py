"""How old what is known of permissions is, and that it is said when it grows too old."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from nats.aio.client import Client
from nats.errors import NoRespondersError

from services.telemetry import rights
from services.telemetry.rights import STALE_S, Rights
from shared.messages.people import StandingAnswer

BEGAN = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


class Stopped(Exception):
    """The watch has been looked at for long enough."""


class Permissions:
    """What permissions answers, at one moment after the other; none: it is away."""

    def __init__(self, *positions: int | None) -> None:
        self._positions = list(positions)
        self.now = BEGAN

    async def request(self, *_: Any, **__: Any) -> Any:
        if not self._positions:
            raise Stopped
        position = self._positions.pop(0)
        if position is None:
            raise NoRespondersError
        return SimpleNamespace(data=StandingAnswer(position=position).model_dump_json())


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Let the watch go through what permissions answers; return what it knows, and what it says."""

    async def watch(*positions: int | None) -> tuple[datetime | None, str]:
        permissions = Permissions(*positions)

        async def pass_by(_: float) -> None:
            permissions.now += timedelta(seconds=STALE_S / 2)

        monkeypatch.setattr(rights, "utc_now", lambda: permissions.now)
        monkeypatch.setattr(rights.asyncio, "sleep", pass_by)
        known = Rights(cast("Client", permissions), b"k")
        with pytest.raises(Stopped):
            await known.watch()
        return known.known.as_of, capsys.readouterr().out

    return watch


async def test_what_is_known_is_as_old_as_the_last_answer_that_it_has_caught_up_with(
    watched: Any,
) -> None:
    as_of, said = await watched(0, 0, 0)
    behind, _ = await watched(0, 5, 5)

    assert as_of == BEGAN + timedelta(seconds=STALE_S)
    assert behind == BEGAN, "it has not followed as far as position 5"
    assert "not heard" not in said


async def test_that_permissions_is_not_heard_is_said_once_and_when_it_is_back(
    watched: Any,
) -> None:
    as_of, said = await watched(None, None, None, None, None, 0)

    assert as_of is not None
    assert said.count("permissions is not heard") == 1
    assert said.count("permissions is heard again") == 1
