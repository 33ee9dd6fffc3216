"""What is heard of others, folded into documents; and which installations have changed since."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, get_args

import asyncpg

from services.notifications.folds import (
    BalanceEvent,
    ConditionEvent,
    SiteEvent,
    fold_balance,
    fold_condition,
    fold_site,
)
from services.notifications.known import Balance, Condition, Site, key_of
from services.notifications.near_limit import Watched
from services.notifications.standing import Facts, Undelivered
from shared.documents import Documents
from shared.followers import Connection, Follower
from shared.ids import InstallationId
from shared.messages import Note
from shared.recorded import Recorded
from shared.rights.book import GrantBook

CONSUMER: Final = "notifications"
APART_S: Final = 0.5
"""How far apart batches of events are taken where they come all the time: what stands is looked at once a
second."""
_SITE: Final = frozenset(it.__name__ for it in get_args(SiteEvent))
_CONDITION: Final = frozenset(it.__name__ for it in get_args(ConditionEvent))
_BALANCE: Final = frozenset(it.__name__ for it in get_args(BalanceEvent))


class Knowledge:
    """The documents; each kind is written by the follower of one log."""

    def __init__(self) -> None:
        self.sites = Documents("site", Site)
        self.conditions = Documents("condition", Condition)
        self.balances = Documents("balance", Balance)
        self.book = GrantBook()
        self.watched = Watched()
        self._notes: dict[InstallationId, tuple[Sequence[Note], datetime]] = {}
        self.unasked: set[InstallationId] = set()
        """Installations of whose set-up it is to be asked what an electrician would say."""
        self._changed: set[InstallationId] = set()
        self._folded: set[InstallationId] = set()
        """Those that have changed in transactions which are not committed yet."""

    def facts(
        self, installation_id: InstallationId, undelivered: Sequence[Undelivered]
    ) -> Facts | None:
        """Join all that is known of an installation; none if there is no such one."""
        site = self.sites.get(installation_id)
        if site is None:
            return None
        notes, notes_since = self._notes.get(installation_id, (None, None))
        found = ((it, self.conditions.get(key_of(installation_id, it))) for it in site.chargers)
        return Facts(
            site=site,
            conditions={it: condition for it, condition in found if condition is not None},
            balance=self.balances.get(installation_id) or Balance(),
            lines=self.watched.lines.get(installation_id, {}),
            notes=notes,
            notes_since=notes_since,
            undelivered=undelivered,
        )

    def note(
        self, installation_id: InstallationId, notes: Sequence[Note], now: datetime
    ) -> None:
        """Remember what was said of a set-up."""
        self._notes[installation_id] = (notes, now)
        self._changed.add(installation_id)

    def take_changed(self) -> set[InstallationId]:
        """Name the installations of which something was heard since this was asked last."""
        changed, self._changed = self._changed, set()
        return changed

    # --- Hearing ---

    async def installation_event(self, connection: Connection, recorded: Recorded) -> None:
        if recorded.type in _SITE:
            event = recorded.event
            assert isinstance(event, SiteEvent)  # noqa: S101  # its name says so
            before = self.sites.get(event.installation_id)
            site = fold_site(before, event, recorded.recorded_at)
            await self.sites.put(connection, event.installation_id, site)

    async def telemetry_event(self, connection: Connection, recorded: Recorded) -> None:
        if recorded.type in _CONDITION:
            event = recorded.event
            assert isinstance(event, ConditionEvent)  # noqa: S101  # its name says so
            key = key_of(event.installation_id, event.charger_id)
            before = self.conditions.get(key)
            after = fold_condition(before, event, recorded.recorded_at)
            if after != before:
                self._folded.add(event.installation_id)
                await self.conditions.put(connection, key, after)

    async def balancer_event(self, connection: Connection, recorded: Recorded) -> None:
        if recorded.type in _BALANCE:
            event = recorded.event
            assert isinstance(event, BalanceEvent)  # noqa: S101  # its name says so
            before = self.balances.get(event.installation_id)
            after = fold_balance(before, event, recorded.recorded_at)
            if after != (before or Balance()):
                self._folded.add(event.installation_id)
                await self.balances.put(connection, event.installation_id, after)

    def followers(self, pool: "asyncpg.Pool[Any]") -> tuple[Follower, ...]:
        """Say which logs are followed."""

        async def reload_sites() -> None:
            await self.sites.open(pool)
            self.unasked |= set(self.sites.held)

        async def reload_conditions() -> None:
            await self.conditions.open(pool)

        async def reload_balances() -> None:
            await self.balances.open(pool)

        def set_up_changed(applied: Sequence[Recorded]) -> None:
            changed = {it.event.aggregate_id for it in applied}
            self._changed |= changed
            self.unasked |= changed

        def committed(_: Sequence[Recorded]) -> None:
            self._changed |= self._folded
            self._folded.clear()

        of_layout = Follower(
            CONSUMER, "installation", self.installation_event, reload_sites, set_up_changed
        )
        of_chargers = Follower(
            CONSUMER,
            "telemetry",
            self.telemetry_event,
            reload_conditions,
            committed,
            apart_s=APART_S,
        )
        of_balance = Follower(
            CONSUMER,
            "balancer",
            self.balancer_event,
            reload_balances,
            committed,
            apart_s=APART_S,
        )
        return (self.book.follower(CONSUMER, pool), of_layout, of_chargers, of_balance)
