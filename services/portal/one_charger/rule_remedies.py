"""What would give a charger more under each rule that holds a limit down: data, and a few functions."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from services.portal.available import available_a_of
from services.portal.breaker_view import breakers_of
from services.portal.charger_figures import ChargerFacts
from services.portal.documents import Share
from services.portal.wording import amperes, clock_time
from shared.history.why import breaker_name
from shared.messages.balancer import Rule
from shared.speech import _, marked
from shared.spelling import plain

UNLOCKED: Final = (
    marked(
        "Whoever deactivated it can take it into use again: that unlocks the serial as well."
    ),
    marked("If it hangs somewhere else by now, support can unlock its serial."),
)
Remedy = Callable[[ChargerFacts, Share, datetime, ZoneInfo | None], Iterator[str]]


def _breaker(
    facts: ChargerFacts, share: Share, _now: datetime, _zone: ZoneInfo | None
) -> Iterator[str]:
    reason = share.limited_by
    name = breaker_name(reason.circuit_id, facts.circuits)
    if reason.shared_by > 1:
        yield _(
            "More comes as soon as another car behind %(breaker)s takes less or leaves: what it leaves is "
            "shared out at once.",
            breaker=name,
        )
    found = (it for it in breakers_of(facts.layout) if it.circuit_id == reason.circuit_id)
    breaker = next(found, None)
    if breaker is not None and breaker.set_a < breaker.breaker_a:
        yield _(
            "It is rated %(rating)s A and set to %(set)s A: an installer can raise the set value, if the "
            "wiring allows it.",
            rating=plain(breaker.breaker_a),
            set=plain(breaker.set_a),
        )
    else:
        yield _(
            "It is used up to its rating: only a larger breaker, or another circuit, gives more to all."
        )
    if reason.shared_by > 1:
        yield _(
            "A charging wish (ready by a time, with so much energy) gives this car more of what is shared, "
            "if it needs it."
        )


def _available(
    facts: ChargerFacts, _share: Share, now: datetime, zone: ZoneInfo | None
) -> Iterator[str]:
    until = facts.layout.available_until
    if until is not None and available_a_of(facts.layout, now) is not None:
        yield _(
            "The available current is lowered until %(time)s; then it gets more by itself.",
            time=clock_time(until, now, zone),
        )
    yield _("An installer can raise the available current under Power.")


def _schedule(
    _facts: ChargerFacts, share: Share, now: datetime, zone: ZoneInfo | None
) -> Iterator[str]:
    until = share.limited_by.until
    if until is not None and until > now:
        time = clock_time(until, now, zone)
        yield _("So much is allowed until %(time)s; then something else is.", time=time)
    else:
        yield _("It gets more by itself when the time of this limit is over.")
    yield _("An installer can change the weekly schedule under Power.")


def _unmanaged(
    _facts: ChargerFacts, _share: Share, _now: datetime, _zone: ZoneInfo | None
) -> Iterator[str]:
    yield _(
        "More comes by itself as soon as the rest of the building uses less: that is measured all the time."
    )
    yield _(
        "If the meter is silent, the most that the building may use is set aside: check the meter."
    )


def _queue(
    facts: ChargerFacts, share: Share, now: datetime, zone: ZoneInfo | None
) -> Iterator[str]:
    turn_at = share.limited_by.turn_at
    if turn_at is not None and turn_at > now:
        yield _(
            "Its turn comes by itself, at about %(time)s, or earlier if a car leaves.",
            time=clock_time(turn_at, now, zone),
        )
    else:
        yield _("Its turn comes by itself, as soon as a car leaves or has had its turn.")
    if facts.charger.priority < 1:
        yield _("An installer can give this charger a higher priority, so that it comes first.")
    yield _(
        "No car can charge with less than 6 A (IEC 61851-1), so cars take turns instead of sharing less."
    )


def _no_car(
    facts: ChargerFacts, _share: Share, _now: datetime, _zone: ZoneInfo | None
) -> Iterator[str]:
    if facts.condition.session is None:
        yield _("Plug a car in: it is given a share within seconds.")
    else:
        yield _("It gets more as soon as the car asks: look at its charge level and its timer.")


def _own_breaker(
    facts: ChargerFacts, _share: Share, _now: datetime, _zone: ZoneInfo | None
) -> Iterator[str]:
    yield _(
        "Its own breaker carries %(breaker)s A; only a larger one gives it more.",
        breaker=amperes(facts.charger.breaker_a),
    )


def _charger(
    facts: ChargerFacts, _share: Share, _now: datetime, _zone: ZoneInfo | None
) -> Iterator[str]:
    yield _(
        "Nothing: this is the most that the charger can give. It is set to %(max)s A.",
        max=plain(facts.charger.max_a),
    )


def _always(*texts: str) -> Remedy:
    """The same whatever the circumstances; the texts are said when they are shown."""

    def told(
        _facts: ChargerFacts, _share: Share, _now: datetime, _zone: ZoneInfo | None
    ) -> Iterator[str]:
        return (_(it) for it in texts)

    return told


_BY_ITSELF: Final = marked("Nothing has to be done: it comes by itself, within seconds.")

REMEDIES: Final[dict[Rule, Remedy]] = {
    Rule.BREAKER: _breaker,
    Rule.AVAILABLE: _available,
    Rule.UNMANAGED: _unmanaged,
    Rule.GRID_OPERATOR: _always(
        marked(
            "Only the grid operator can lift this limit; as soon as it does, cars get more."
        ),
    ),
    Rule.TARIFF: _always(
        marked(
            "It gets more when the tariff allows more again: cheaper hours come by themselves."
        ),
        marked("An installer can change or lift the tariff's limit under Power."),
    ),
    Rule.OWNER: _always(
        marked("Whoever set this limit, the owner or the installer, can lift it under Power."),
    ),
    Rule.SCHEDULE: _schedule,
    Rule.CONTRACT: _always(
        marked(
            "It gets more by itself when the next quarter of an hour, or hour, of the contract begins."
        ),
        marked("A higher peak in the contract gives more; an installer sets it under Power."),
    ),
    Rule.IMBALANCE: _always(
        marked(
            "More comes when cars on the other phases draw more, or others on this one less."
        ),
        marked("A car that charges on three phases is not held down by this."),
    ),
    Rule.CHARGER: _charger,
    Rule.OWN_BREAKER: _own_breaker,
    Rule.CAR: _always(
        marked(
            "The car itself decides: many take less when the battery is cold or nearly full, or as set in "
            "the car."
        ),
        marked("As soon as it takes all of its offer, it is offered more again."),
    ),
    Rule.QUEUE: _queue,
    Rule.NO_CAR: _no_car,
    Rule.DISOBEYS: _always(
        marked(
            "Nothing, until the car or its charger keeps to what it is told; others get less meanwhile."
        ),
        marked("If it goes on, have somebody look at the charger, or start the session anew."),
    ),
    Rule.SWITCHING: _always(_BY_ITSELF),
    Rule.WAKING: _always(
        _BY_ITSELF,
        marked("If the car goes on sleeping, unplug it and plug it in again."),
    ),
    Rule.DECREASE_FIRST: _always(
        _BY_ITSELF,
        marked("Others are told to take less first, so that nothing is overloaded in between."),
    ),
    Rule.LOCKED: _always(*UNLOCKED),
    Rule.OUT_OF_USE: _always(
        marked("It gets current again when what was deactivated is taken into use again."),
    ),
}
"""A rule that nobody can do anything about says so; a test asks for every one."""
