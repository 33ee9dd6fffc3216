"""Every rule of the balancer's in a full sentence: what there is, how many share it, what one gets."""

from collections.abc import Callable, Mapping
from typing import Final

from services.portal.breaker_view import breakers_of
from services.portal.charger_figures import ChargerFacts
from services.portal.documents import Share
from services.portal.wording import UNKNOWN, amperes
from shared.history.why import SHOWN_A, breaker_name
from shared.messages.balancer import MAIN, LimitedBy, Rule
from shared.speech import _, marked
from shared.spelling import plain

SOURCES: Final[Mapping[Rule, str]] = {
    Rule.BREAKER: marked("%(breaker)s may carry %(usable)s%(on)s"),
    Rule.AVAILABLE: marked(
        "only %(usable)s are made available to all chargers%(on)s at present"
    ),
    Rule.UNMANAGED: marked("the rest of the building leaves %(usable)s of %(breaker)s%(on)s"),
    Rule.GRID_OPERATOR: marked(
        "the grid operator allows no more than %(usable)s at %(breaker)s%(on)s"
    ),
    Rule.TARIFF: marked("the tariff allows no more than %(usable)s at %(breaker)s%(on)s now"),
    Rule.OWNER: marked(
        "the owner or the installer allows no more than %(usable)s at %(breaker)s%(on)s"
    ),
    Rule.SCHEDULE: marked(
        "at this time of the week no more than %(usable)s are allowed at %(breaker)s%(on)s"
    ),
    Rule.CONTRACT: marked(
        "the peak in the power contract leaves %(usable)s at %(breaker)s%(on)s for this quarter of an hour"
    ),
}
"""What is shared under a rule, to stand at the beginning of a sentence or within one."""


def sentence_of(facts: ChargerFacts, draw_a: float | None) -> str:
    """Say in a full sentence how a rule holds a charger's limit down; there is a decision."""
    share = facts.share
    assert share is not None  # noqa: S101  # without a decision no rule is the cause
    rule = share.limited_by.rule
    if rule in SOURCES:
        return _shared(facts, share)
    return _SENTENCES[rule](facts, share, draw_a)


def _shared(facts: ChargerFacts, share: Share) -> str:
    reason, limit = share.limited_by, amperes(share.limit_a)
    source = _capital(_source(facts, reason))
    if (share.limit_a or 0.0) < SHOWN_A:
        return _("%(source)s, which is not enough for this car.", source=source)
    if reason.shared_by > 1:
        return _(
            "%(source)s, and %(count)s cars share it: %(limit)s A is this car's fair share.",
            source=source,
            count=reason.shared_by,
            limit=limit,
        )
    return _(
        "%(source)s, and this car may use all that is left: %(limit)s A.",
        source=source,
        limit=limit,
    )


def _source(facts: ChargerFacts, reason: LimitedBy) -> str:
    usable_a = _usable_a(facts, reason)
    return _(
        SOURCES[reason.rule],
        breaker=breaker_name(reason.circuit_id, facts.circuits),
        usable=_("a part") if usable_a is None else f"{plain(usable_a)} A",
        on="" if reason.phase is None else _(" on %(phase)s", phase=reason.phase),
    )


def _usable_a(facts: ChargerFacts, reason: LimitedBy) -> float | None:
    """What could be used; of decisions that did not say it yet, what the breaker is set to."""
    if reason.usable_a is not None or reason.rule is not Rule.BREAKER:
        return reason.usable_a
    breakers = breakers_of(facts.layout)
    return next((it.set_a for it in breakers if it.circuit_id == reason.circuit_id), None)


def _capital(clause: str) -> str:
    return clause[:1].upper() + clause[1:]


# --- What is not shared ---


def _queue(facts: ChargerFacts, share: Share, _draw_a: float | None) -> str:
    reason = share.limited_by
    return _(
        "%(breaker)s%(usable)s has no room for another car%(on)s: none can charge with less than 6 A, so "
        "cars take turns, and this one waits.",
        breaker=_capital(breaker_name(reason.circuit_id, facts.circuits)),
        usable="" if reason.usable_a is None else f" ({plain(reason.usable_a)} A)",
        on="" if reason.phase is None else _(" on %(phase)s", phase=reason.phase),
    )


def _imbalance(facts: ChargerFacts, share: Share, _draw_a: float | None) -> str:
    return _(
        "The phases of %(breaker)s may differ by %(most)s A at most, which leaves this car %(limit)s A"
        "%(on)s.",
        breaker=breaker_name(share.limited_by.circuit_id, facts.circuits),
        most=UNKNOWN if facts.layout.imbalance_a is None else plain(facts.layout.imbalance_a),
        limit=amperes(share.limit_a),
        on=""
        if share.limited_by.phase is None
        else _(" on %(phase)s", phase=share.limited_by.phase),
    )


def _car(_facts: ChargerFacts, share: Share, draw_a: float | None) -> str:
    takes_a = share.limit_a if draw_a is None else draw_a
    if takes_a is not None and takes_a < SHOWN_A:
        return _(
            "The car takes nothing of what it is offered now; its share is lent to others."
        )
    return _(
        "The car takes only %(draw)s A of what it could have; the rest is lent to others.",
        draw=amperes(takes_a),
    )


def _disobeys(_facts: ChargerFacts, share: Share, draw_a: float | None) -> str:
    if draw_a is not None and share.limit_a is not None and draw_a > share.limit_a:
        return _(
            "The car draws %(draw)s A, although it was told %(limit)s A; so what it draws is set aside for "
            "it.",
            draw=amperes(draw_a),
            limit=amperes(share.limit_a),
        )
    return _(
        "The car has drawn more than it was told; so the most that it drew is set aside for it."
    )


def _no_car(facts: ChargerFacts, _share: Share, _draw_a: float | None) -> str:
    if facts.condition.session is None:
        return _("No car is plugged in.")
    return _("The car asks for nothing: it is full, asleep, or waits for a timer of its own.")


def _out_of_use(facts: ChargerFacts, share: Share, _draw_a: float | None) -> str:
    circuit_id = share.limited_by.circuit_id
    if circuit_id is None or circuit_id == MAIN:
        return _("It gives nothing, because the installation was taken out of use.")
    name = breaker_name(circuit_id, facts.circuits)
    return _("It gives nothing, because %(breaker)s was taken out of use.", breaker=name)


def _with_limit(text: str) -> Callable[[ChargerFacts, Share, float | None], str]:
    def told(_facts: ChargerFacts, share: Share, _draw_a: float | None) -> str:
        return _(text, limit=amperes(share.limit_a))

    return told


_SENTENCES: Final[Mapping[Rule, Callable[[ChargerFacts, Share, float | None], str]]] = {
    Rule.QUEUE: _queue,
    Rule.IMBALANCE: _imbalance,
    Rule.CHARGER: _with_limit(marked("%(limit)s A is the most that this charger can give.")),
    Rule.OWN_BREAKER: _with_limit(
        marked("The breaker that is this charger's alone carries no more than %(limit)s A.")
    ),
    Rule.CAR: _car,
    Rule.NO_CAR: _no_car,
    Rule.DISOBEYS: _disobeys,
    Rule.SWITCHING: _with_limit(
        marked("It has %(limit)s A for now, while it changes the number of its phases.")
    ),
    Rule.WAKING: _with_limit(
        marked(
            "The car seems to sleep since it was paused: its offer is taken away for some seconds, which "
            "wakes most cars."
        )
    ),
    Rule.DECREASE_FIRST: _with_limit(
        marked(
            "It has %(limit)s A for now: more is meant for it, and other cars must first confirm that they "
            "take less."
        )
    ),
    Rule.LOCKED: _out_of_use,
    Rule.OUT_OF_USE: _out_of_use,
}
"""A rule without a sentence cannot be told; a test asks for every one."""
