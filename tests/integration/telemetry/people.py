"""The log of permissions in a test, and what permissions answers: roles, cards, their numbers."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from nats.aio.client import Client
from nats.aio.msg import Msg

import services.permissions
from services.telemetry import local_lists, rights
from shared.event_store import Commit, EventStore, StreamEvents
from shared.ids import new_id
from shared.key_files import KEY_BYTES
from shared.messages import Event
from shared.messages.people import CardsOf, CardsOfAnswer, ListedCard, StandingAnswer
from shared.messages.permissions import (
    CardBlocked,
    CardRegistered,
    CardRemoved,
    CardUnblocked,
    Role,
    RoleGranted,
    RoleRevoked,
)
from shared.recorded import Meta
from shared.relay import Relay
from shared.rights.book import PERMISSIONS
from shared.rights.cards import card_mark
from shared.runtime import pool_of
from shared.transact import ACCEPTED
from tests.integration.telemetry.places import Place
from tests.support.databases import service_database
from tests.support.servers import EmbeddedServers


@dataclass(frozen=True)
class Driver:
    """A person with one card, unless there are more."""

    person_id: str
    card: str

    @property
    def card_id(self) -> str:
        return f"card-{self.card}"


@dataclass
class People:
    """Everybody that permissions knows of; it tells so in its log, and when it is asked."""

    client: Client
    store: EventStore
    database_url: str
    key_file: Path
    key: bytes
    numbers: dict[str, list[str]] = field(default_factory=dict)
    """Of cards that permissions names when it is asked, by charger."""
    asked: int = 0
    """How often it was asked for numbers."""
    position: int = 0

    def driver(self) -> Driver:
        """Name somebody new, with a card."""
        name = new_id()
        return Driver(f"ada-{name}", f"04{secrets.token_hex(6).upper()}")

    async def tell(self, *events: Event) -> int:
        """Have permissions announce something; return its position."""
        meta = Meta(actor="test", command_id=new_id(), correlation_id=new_id())
        parts = [StreamEvents(f"of-{it.aggregate_id}", None, [it]) for it in events]
        self.position = await self.store.append(
            Commit(meta.command_id, b"", ACCEPTED, meta, parts)
        )
        return self.position

    def mark(self, card: str) -> str:
        return card_mark(card, self.key)

    # --- What is told ---

    def _of_card(self, driver: Driver) -> dict[str, Any]:
        mark = self.mark(driver.card)
        return {"person_id": driver.person_id, "card_id": driver.card_id, "mark": mark}

    def registered(self, driver: Driver) -> CardRegistered:
        return CardRegistered(**self._of_card(driver), sealed="c2VhbGVk")

    def blocked(self, driver: Driver) -> CardBlocked:
        return CardBlocked(**self._of_card(driver))

    def unblocked(self, driver: Driver) -> CardUnblocked:
        return CardUnblocked(**self._of_card(driver))

    def removed(self, driver: Driver) -> CardRemoved:
        return CardRemoved(**self._of_card(driver))

    @staticmethod
    def granted(
        driver: Driver, place: Place, role: Role = Role.USER, until: datetime | None = None
    ) -> RoleGranted:
        return RoleGranted(
            installation_id=place.installation_id,
            grantee=f"person/{driver.person_id}",
            role=role,
            until=until,
        )

    @staticmethod
    def revoked(driver: Driver, place: Place, role: Role = Role.USER) -> RoleRevoked:
        return RoleRevoked(
            installation_id=place.installation_id,
            grantee=f"person/{driver.person_id}",
            role=role,
        )

    # --- What is answered ---

    @asynccontextmanager
    async def speaking(self) -> AsyncIterator[None]:
        """Announce the log and answer what other services ask, in place of the service itself."""
        relay = asyncio.create_task(Relay(PERMISSIONS, self.store, self.client).run())
        answers = {rights.QUERY: self._standing, local_lists.QUERY: self._cards_of}
        heard = [await self.client.subscribe(it, cb=cb) for it, cb in answers.items()]
        try:
            yield
        finally:
            for it in heard:
                await it.unsubscribe()
            relay.cancel()
            await asyncio.gather(relay, return_exceptions=True)

    async def _standing(self, message: Msg) -> None:
        answer = StandingAnswer(position=await self.store.head())
        await message.respond(answer.model_dump_json().encode())

    async def _cards_of(self, message: Msg) -> None:
        asked = CardsOf.model_validate_json(message.data)
        self.asked += 1
        cards = tuple(ListedCard(number=it) for it in self.numbers.get(asked.charger_id, ()))
        answer = CardsOfAnswer(cards=cards, position=await self.store.head())
        await message.respond(answer.model_dump_json().encode())


@asynccontextmanager
async def people_of(servers: EmbeddedServers, client: Client) -> AsyncIterator[People]:
    """Make a log of permissions, and a key for the marks of cards; nobody speaks for it yet."""
    schema = Path(services.permissions.__file__).parent / "schema"
    url = await service_database(servers, *([schema] if schema.is_dir() else []))
    key, key_file = secrets.token_bytes(KEY_BYTES), servers.folder / "cards.key"
    key_file.write_text(key.hex())
    async with pool_of(url) as pool, EventStore.open(pool) as store:
        yield People(client, store, url, key_file, key)
