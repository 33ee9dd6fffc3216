"""Whose turn comes when among the cars that wait."""

from collections.abc import Iterator, Mapping

from services.portal.charger_figures import waiting_since_of
from services.portal.facts import Facts
from shared.history.queue import Waiter, places
from shared.ids import ChargerId


def turns_of(facts: Facts) -> Mapping[ChargerId, int]:
    """Number the waiting cars, each in the queue at the breaker that has no room for it."""
    return places(_waiters(facts))


def _waiters(facts: Facts) -> Iterator[Waiter]:
    for charger in facts.layout.chargers:
        charger_id, share = charger.charger_id, facts.shares.get(charger.charger_id)
        condition = facts.conditions.get(charger_id)
        since = None if condition is None else waiting_since_of(condition, share)
        if share is not None and since is not None:
            yield Waiter(
                charger_id,
                since,
                charger.priority,
                share.limited_by.circuit_id,
                frozenset(facts.layout.path(charger.circuit_id)),
            )
