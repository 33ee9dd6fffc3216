"""Every command has a handler of its own that takes it, answers, and can be described."""

from typing import Any, cast

import pytest
from faststream.nats import NatsBroker
from faststream.specification import AsyncAPI

from services.installation.handlers import routes
from services.installation.language import COMMANDS
from shared import subjects
from shared.event_store import EventStore
from shared.messages import Command
from tests.contracts import published


def no_check(_: Command, __: str) -> str:
    raise AssertionError("nothing is asked")


def described() -> dict[str, Any]:
    """Describe the routes; nothing is asked of the log for that."""
    broker = NatsBroker(logger=None)
    broker.include_router(routes(EventStore(cast("Any", None)), no_check))
    content: dict[str, Any] = AsyncAPI(broker).to_specification().to_jsonable()
    return content


def test_every_command_of_the_service_is_taken() -> None:
    owned = {it for it in published.COMMANDS.values() if it.service == "installation"}

    assert set(COMMANDS) == owned
    assert {it["address"] for it in described()["channels"].values()} == {
        door(it) for it in owned for door in (subjects.command, subjects.asked)
    }


@pytest.mark.parametrize("kind", COMMANDS, ids=lambda it: it.__name__)
def test_a_command_is_described_with_its_own_content(kind: type[Any]) -> None:
    content = described()

    schema = content["components"]["schemas"][kind.__name__]
    assert set(schema["properties"]) == set(kind.model_fields)
    assert schema["additionalProperties"] is False
    told = [it.get("description", "") for it in content["channels"].values()]
    assert any((kind.__doc__ or "?").strip()[:40] in it for it in told)
