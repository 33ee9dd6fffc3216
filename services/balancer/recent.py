"""
What was put together of every charger last.

Most decisions are taken where nothing was heard of most chargers since the one before. Documents and
layouts never change, they are replaced: while all that a charger's facts were made of is the same, so are
they, and whatever they have worked out of themselves since.
"""

from dataclasses import replace
from typing import NamedTuple

from services.balancer.behaviour import Behaviour
from services.balancer.facts import ChargerFacts
from services.balancer.layouts import Layout
from services.balancer.projections import Announced, Reported
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


class Recent:
    """The latest facts of chargers, whichever installation they stand in."""

    def __init__(self) -> None:
        self._made: dict[ChargerId, _Made] = {}

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

    def forget(self) -> None:
        """Put everything together anew from now on."""
        self._made.clear()
