"""What a decision is taken on: the site, and what is known of every charger at one moment."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.balancer.behaviour import Behaviour
from services.balancer.commitments import Place, Standing
from services.balancer.headroom import Load
from services.balancer.site import Site
from shared.ids import ChargerId, CircuitId, InstallationId
from shared.messages.balancer import LimitedBy
from shared.phases import PhaseCurrents


@dataclass(frozen=True, slots=True)
class ChargerFacts:
    """One charger: what stands, what is connected, who waits. Times are seconds since 1970."""

    standing: Standing
    connected: bool = False
    session_since_s: float | None = None
    """Since when a car's session runs; none without a car."""
    session_ended_s: float | None = None
    """When the latest session that is over was; a wish of before has ended with it."""
    delivered_wh: float = 0.0
    """What this session has taken, as far as readings have shown."""
    charging_since_s: float | None = None
    waiting_since_s: float | None = None
    changed_at_s: float = 0.0
    """When its limit was last changed or sent again."""
    sequence: int = 0
    """The newest sequence number ever announced to it."""
    limited_by: LimitedBy | None = None
    behaviour: Behaviour = field(default_factory=Behaviour)
    last_terminals: tuple[int, ...] | None = None
    """From which terminals this session charges, or charged last; none: it has not charged yet."""
    switches: int = 0
    """How often this session has gone from some terminals to others."""
    switched_at_s: float | None = None
    """When it did so last."""
    not_taken: frozenset[tuple[int, ...]] = frozenset()
    """Terminals that it was told to use, and that it has not taken a limit for."""
    spread: float = 1.0
    """How many times what it is told may flow on one line."""
    trusted: bool = True
    """Its own schedule shows its fail-safe; otherwise it is told no more than that."""
    said_to_ignore: bool = False
    """Our log says that it draws more than it was told, and not that it obeys again."""
    elsewhere: tuple[Place, ...] = ()
    """Where else its current may still flow: where it stood, or was wired otherwise, before."""


@dataclass(frozen=True, slots=True)
class SiteFacts:
    """Everything about one installation at one moment."""

    installation_id: InstallationId
    site: Site
    chargers: Mapping[ChargerId, ChargerFacts]
    epoch: int
    rotated_at_s: float = 0.0
    """When somebody last made room for a waiting car."""
    departed: Mapping[str, tuple[Place, ...]] = field(default_factory=dict)
    """Where current of chargers that are gone by the layout may still flow; no limit reaches them."""
    layout_position: int | None = None
    """The newest event of the installation that is known, by its position in the log."""
    loads: Mapping[CircuitId, Load] = field(default_factory=dict)
    """What is set aside at breakers for load that is not ours."""
    totals_a: Mapping[CircuitId, PhaseCurrents] = field(default_factory=dict)
    """What meters show of all that flows through breakers, where they report."""
    peaks_a: Mapping[CircuitId, PhaseCurrents] = field(default_factory=dict)
    """What contracts' peaks leave of breakers now, other load included."""

    def places(self) -> dict[str, tuple[Place, ...]]:
        """Name where every charger's current may flow; the first place is where it stands now."""
        present = {
            it: (Place(self.site.path(it), charger.standing), *charger.elsewhere)
            for it, charger in self.chargers.items()
        }
        return {**present, **self.departed}


@dataclass(frozen=True, slots=True)
class Timing:
    """How often things may change, in seconds."""

    lease_s: float = 90.0
    renew_before_s: float = 60.0
    """A lease with less time left is renewed."""
    retry_s: float = 5.0
    """An unconfirmed limit is sent again after this time."""
    raise_pause_s: float = 5.0
    """A charging car's limit is raised at most this often; lowering never waits."""
    rotation_s: float = 900.0
    """How long a car charges before it may have to make room for a waiting one."""
    switch_gap_s: float = 600.0
    """A car's phases are switched at most this often, unless it would be paused otherwise."""
    switches_max: int = 5
    """How often within a session; the last switch leads to one phase."""
    rotation_gap_s: float = 60.0
    """Cars make room one after another, with this pause, so that little capacity stands idle."""
