"""
What was put together of every charger last, for decisions and for readings.

Most decisions are taken where nothing was heard of most chargers since the one before. Documents and
layouts never change, they are replaced: while all that a charger's facts were made of is the same, so are
they, and whatever they have worked out of themselves since.
"""

from dataclasses import replace
from typing import NamedTuple

from services.balancer.announced import (
    Announced,
)
from services.balancer.behaviour import Behaviour
from services.balancer.commitments import Standing
from services.balancer.facts import ChargerFacts
from services.balancer.hardware import may_be_in_force
from services.balancer.layouts import Layout
from services.balancer.reported import (
    Reported,
)
from services.balancer.site import Site
from services.balancer.standings import Assembly
from shared.ids import ChargerId


class _Made(NamedTuple):
    """The facts of a charger, and what they were made of."""

    layout: Layout
    site: Site
    told: Announced | None
    reported: Reported | None
    behaviour: Behaviour | None
    facts: ChargerFacts


class _Allowed(NamedTuple):
    """What a charger may offer its car, and by what it was told and has confirmed."""

    told: Announced
    reported: Reported | None
    standing: Standing | None


class Recent:
    """The latest facts of chargers, whichever installation they stand in."""

    def __init__(self) -> None:
        self._made: dict[ChargerId, _Made] = {}
        self._allowed: dict[ChargerId, _Allowed] = {}

    def charger(self, assembly: Assembly, charger_id: ChargerId) -> ChargerFacts:
        """Name everything that is known of one charger, as `Assembly.charger` does."""
        heard = assembly.heard
        told, reported = heard.announced.get(charger_id), heard.reported.get(charger_id)
        known = heard.behaviours.get(charger_id)
        made = self._made.get(charger_id)
        if (
            made is not None
            and made.layout is assembly.layout
            and made.site is assembly.site
            and made.told is told
            and made.reported is reported
            and assembly.lasting(charger_id)
        ):
            if made.behaviour is known and known is not None:
                return made.facts
            behaviour, delivered_wh = assembly.seen(charger_id)
            facts = replace(made.facts, behaviour=behaviour, delivered_wh=delivered_wh)
        else:
            facts = assembly.charger(charger_id)
        self._made[charger_id] = _Made(
            assembly.layout, assembly.site, told, reported, known, facts
        )
        return facts

    def allowed_a(
        self, charger_id: ChargerId, told: Announced, reported: Reported | None, now_s: float
    ) -> float | None:
        """Name the most that a charger may offer its car at a moment, in amperes; none while it has
        confirmed nothing."""
        known = self._allowed.get(charger_id)
        if known is None or known.told is not told or known.reported is not reported:
            known = _Allowed(told, reported, may_be_in_force(told, reported))
            self._allowed[charger_id] = known
        return None if known.standing is None else max(known.standing.course((now_s,))[0])

    def forget(self) -> None:
        """Put everything together anew from now on."""
        self._made.clear()
        self._allowed.clear()
