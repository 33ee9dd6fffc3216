"""What may be in force at every charger of an installation, put together from what events have told."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.balancer.announced import (
    Announced,
    remembered,
    switches_of,
)
from services.balancer.behaviour import Behaviour
from services.balancer.commitments import Place, Standing
from services.balancer.facts import ChargerFacts, SiteFacts
from services.balancer.hardware import (
    FallsBack,
    Hardware,
    Heard,
    before,
    confirmed_by,
    may_fall_back_to,
    taken,
)
from services.balancer.layouts import ChargerLayout, Departed, FailSafe, Layout, Stay
from services.balancer.reported import (
    Confirmed,
    Holding,
    Reported,
)
from services.balancer.site import Site
from shared.ids import ChargerId, CircuitId
from shared.phases import Phase


@dataclass(frozen=True, slots=True)
class Assembly:
    """Puts together what is known of chargers at one moment."""

    layout: Layout
    site: Site
    heard: Heard
    now_s: float

    # --- Chargers that stand here ---

    def charger(self, charger_id: ChargerId) -> ChargerFacts:
        """Put together everything that is known of one charger."""
        charger = self.layout.chargers[charger_id]
        told = self.heard.announced.get(charger_id) or Announced()
        reported = self._of_this_hardware(charger_id, charger)
        hardware = self._hardware(charger_id, charger, told, reported)
        here = reported is not None and (
            reported.installation_id == self.layout.installation_id
        )
        return _facts(
            standing=hardware.here(self.site.lines(charger_id), charger.since),
            holding=hardware.holding,
            told=told,
            heard=reported,
            connected=here
            and reported is not None
            and reported.connected
            and reported.holds.limits,
            seen=self.seen(charger_id),
            elsewhere=tuple(self._elsewhere(charger_id, charger, hardware)),
        )

    def _of_this_hardware(
        self, charger_id: ChargerId, charger: ChargerLayout
    ) -> Reported | None:
        reported = self.heard.reported.get(charger_id)
        if reported is None or not _same_hardware(reported.serial, charger.serial):
            return None
        return reported

    def lasting(self, charger_id: ChargerId) -> bool:
        """Tell whether time alone changes nothing of what `charger` names: its hardware has stood nowhere
        else."""
        charger = self.layout.chargers[charger_id]
        return not charger.stays and charger.serial not in self.heard.departed

    def seen(self, charger_id: ChargerId) -> tuple[Behaviour, float]:
        """Name what readings tell of the car at a charger, and the energy that it has taken, in Wh."""
        reported = self._of_this_hardware(charger_id, self.layout.chargers[charger_id])
        behaviour = self._behaviour(charger_id, reported)
        return behaviour, _delivered_wh(reported, behaviour)

    def _behaviour(self, charger_id: ChargerId, reported: Reported | None) -> Behaviour:
        known = self.heard.behaviours.get(charger_id)
        behaviour = known or remembered(self.heard.announced.get(charger_id))
        if reported is None or behaviour.session_id == reported.session_id:
            return behaviour
        return Behaviour(
            session_id=reported.session_id,
            current_a=behaviour.current_a,
            read_at_s=behaviour.read_at_s,
        )

    def _hardware(
        self,
        charger_id: ChargerId,
        charger: ChargerLayout,
        told: Announced,
        reported: Reported | None,
    ) -> Hardware:
        """A charger that was moved here, or removed and put back, is what it was under its id."""
        was = self._was(charger_id, charger.serial)
        assigned = min([charger.assigned, *(it.assigned for it in was)])
        set_to = [*_asked(was), *_fail_safes(charger)]
        return Hardware(
            leases=tuple(it for it in taken(told, reported) if not before(it, assigned)),
            confirmed_at_s=_seconds_of(reported.confirmed_at if reported else {}),
            falls_back=self._falls_back(
                charger_id, charger.serial, set_to, self._confirmed(charger_id, charger)
            ),
            holding=Holding() if reported is None else reported.holds,
            most_a=charger.max_a,
        )

    def _falls_back(
        self,
        charger_id: ChargerId,
        serial: str,
        set_to: Sequence[FailSafe],
        confirmed: Confirmed | None,
    ) -> FallsBack:
        """Hardware that was connected under another id is not new: what it was asked for under this one
        it may have taken without an answer."""
        if confirmed is None and any(
            confirmed_by(reported.fail_safes, it.left_at) is not None
            for it in self.heard.departed.get(serial, ())
            if it.charger_id != charger_id
            and (reported := self.heard.reported.get(it.charger_id)) is not None
        ):
            asked_a = [it.fail_safe_a for it in set_to]
            return FallsBack(max(asked_a), min(asked_a))
        return may_fall_back_to(set_to, confirmed)

    def _was(self, charger_id: ChargerId, serial: str) -> list[Departed]:
        """The same hardware under the same id, wherever it stood before."""
        known = self.heard.departed.get(serial, ())
        return [it for it in known if it.charger_id == charger_id]

    def _confirmed(self, charger_id: ChargerId, charger: ChargerLayout) -> Confirmed | None:
        """What this hardware has confirmed to fall back to. It does so before it is connected; what
        was confirmed under this id before it came was confirmed by another one."""
        reported = self.heard.reported.get(charger_id)
        if reported is None or reported.fail_safe is None:
            return None
        confirmed, assigned_at = reported.fail_safe, charger.assigned_at
        later = assigned_at is None or confirmed.at >= assigned_at
        return confirmed if later or _same_hardware(reported.serial, charger.serial) else None

    # --- Where they stood before ---

    def _elsewhere(
        self, charger_id: ChargerId, charger: ChargerLayout, hardware: Hardware
    ) -> Iterator[Place]:
        for stay in charger.stays:
            yield from self._alive(stay.path, hardware.there(stay), follows=True)
        here = (self.layout.path(charger.circuit_id), self.site.lines(charger_id))
        spots = [here, *((stay.path, stay.lines) for stay in charger.stays)]
        for gone in self.heard.departed.get(charger.serial, ()):
            if gone in self.layout.departed:
                yield from self._places_left(gone)
            if gone.charger_id != charger_id:
                yield from self._carried(gone, charger_id, spots)

    def _carried(
        self,
        gone: Departed,
        charger_id: ChargerId,
        spots: Iterable[tuple[tuple[CircuitId, ...], tuple[Phase, ...]]],
        until: datetime | None = None,
    ) -> Iterator[Place]:
        """The same hardware under another id may have come with all that it was told before."""
        carried = self._left(gone)
        own = self.heard.reported.get(charger_id)
        confirmed = own.fail_safes if own else ()
        since = [
            it.at for it in confirmed if gone.left_at <= it.at and (not until or it.at <= until)
        ]
        if since:  # what it falls back to is its own now
            fading = carried.falls_back.fading(since[0])
            carried = replace(carried, falls_back=fading)
        for path, lines in spots:
            stay = Stay(
                path=path, lines=lines, since=gone.left, left=gone.left, left_at=gone.left_at
            )
            yield from self._alive(path, carried.there(stay))

    # --- Chargers that are gone ---

    def departed(self) -> Iterator[tuple[str, tuple[Place, ...]]]:
        """Name what has gone and does not stand here again under whatever id."""
        present = {it.serial for it in self.layout.chargers.values()}
        for gone in self.layout.departed:
            if gone.serial in present:
                continue
            places = tuple(self._places_left(gone))
            if places:
                yield f"{gone.charger_id}@{gone.left}", places

    def _places_left(self, gone: Departed) -> Iterator[Place]:
        hardware = self._left(gone)
        without_since = self._without_fail_safe_since(gone)
        if without_since is not None:
            fading = hardware.falls_back.fading(without_since)
            hardware = replace(hardware, falls_back=fading)
        for stay in gone.stays:
            yield from self._alive(stay.path, hardware.there(stay))
        spots = [(stay.path, stay.lines) for stay in gone.stays]
        for earlier in self.heard.departed.get(gone.serial, ()):
            if earlier.left < gone.left and earlier.charger_id != gone.charger_id:
                yield from self._carried(earlier, gone.charger_id, spots, gone.left_at)

    def _left(self, gone: Departed) -> Hardware:
        """What a charger was told until it left, and what it had confirmed by then: what is confirmed
        under its id afterwards, another one may have confirmed."""
        told = self.heard.announced.get(gone.charger_id) or Announced()
        reported = self.heard.reported.get(gone.charger_id)
        by_then = confirmed_by(reported.fail_safes if reported else (), gone.left_at)
        was = [it for it in self._was(gone.charger_id, gone.serial) if it.left <= gone.left]
        assigned = min((gone.assigned, *(it.assigned for it in was)))
        confirmed_at = reported.confirmed_at if reported else {}
        return Hardware(
            leases=tuple(
                it
                for it in taken(told, reported)
                if not before(it, assigned) and before(it, gone.left, unknown=True)
            ),
            confirmed_at_s=_seconds_of(
                {k: at for k, at in confirmed_at.items() if at <= gone.left_at}
            ),
            falls_back=self._falls_back(gone.charger_id, gone.serial, _asked(was), by_then),
            holding=Holding() if reported is None else reported.holds,
        )

    def _without_fail_safe_since(self, gone: Departed) -> datetime | None:
        """Tell when it has confirmed, after it left, to fall back to nothing; it, and not another one
        that had its id since then."""
        if gone.charger_id in self.layout.chargers or any(
            it.charger_id == gone.charger_id and it.left > gone.left
            for it in self.layout.departed
        ):
            return None
        reported = self.heard.reported.get(gone.charger_id)
        known = reported.fail_safe if reported else None
        if (
            known is None
            or known.installation_id != self.layout.installation_id
            or known.at <= gone.left_at
            or known.fail_safe_a > 0
        ):
            return None
        return known.at

    def _alive(
        self, path: Sequence[str], standing: Standing, *, follows: bool = False
    ) -> Iterator[Place]:
        if standing.ends_s > self.now_s:
            index = self.site.index
            yield Place(tuple(index[it] for it in path), standing, follows)


def _same_hardware(serial: str, other: str) -> bool:
    return serial == other or "" in {serial, other}


def _fail_safes(charger: ChargerLayout) -> tuple[FailSafe, ...]:
    return charger.fail_safes or (FailSafe(fail_safe_a=charger.fail_safe_a),)


def _asked(was: Iterable[Departed]) -> list[FailSafe]:
    return [fail_safe for it in was for fail_safe in it.fail_safes]


# --- Facts ---


def site_facts(
    layout: Layout,
    site: Site,
    heard: Heard,
    now_s: float,
    epoch: int,
    rotated_at_s: float = 0.0,
    of: Callable[[Assembly, ChargerId], ChargerFacts] = Assembly.charger,
) -> SiteFacts:
    """
    Put together what is known of an installation at one moment.

    Args:
        layout: as the installation's own events tell it.
        site: the same, as decisions read it.
        heard: of all chargers.
        now_s: the moment, in seconds since 1970.
        epoch: under which it is decided.
        rotated_at_s: when somebody last made room.
        of: names what is known of one charger.
    """
    assembly = Assembly(layout, site, heard, now_s)
    return SiteFacts(
        installation_id=layout.installation_id,
        site=site,
        chargers={it: of(assembly, it) for it in site.chargers},
        epoch=epoch,
        rotated_at_s=rotated_at_s,
        departed=dict(assembly.departed()),
        layout_position=layout.position,
    )


def _facts(
    standing: Standing,
    holding: Holding,
    told: Announced,
    heard: Reported | None,
    seen: tuple[Behaviour, float],
    elsewhere: tuple[Place, ...],
    *,
    connected: bool,
) -> ChargerFacts:
    session_since = heard.session_since if heard else None
    waiting_since, charging_since = told.waiting_since, told.charging_since
    if session_since is None:
        charging_since = None
    elif charging_since is not None:
        charging_since = max(charging_since, session_since)
    if session_since is None or (waiting_since is not None and waiting_since < session_since):
        waiting_since = None  # it was an earlier car that waited
    phases = switches_of(told, session_since)
    behaviour, delivered_wh = seen
    return ChargerFacts(
        standing=standing,
        connected=connected,
        session_since_s=_seconds(session_since),
        session_ended_s=_seconds(heard.session_ended if heard else None),
        delivered_wh=delivered_wh,
        charging_since_s=_seconds(charging_since),
        waiting_since_s=_seconds(waiting_since),
        changed_at_s=_seconds(told.changed_at) or 0.0,
        sequence=told.leases[-1].sequence if told.leases else 0,
        limited_by=told.limited_by,
        behaviour=behaviour,
        last_terminals=phases.last,
        switches=phases.switches,
        switched_at_s=_seconds(phases.switched_at),
        not_taken=heard.not_taken if heard else frozenset(),
        said_to_ignore=told.ignoring is not None,
        spread=holding.spread,
        trusted=holding.fail_safe_shown_a is None,
        elsewhere=elsewhere,
    )


def _delivered_wh(heard: Reported | None, behaviour: Behaviour) -> float:
    if heard is None or heard.session_began_wh is None or behaviour.register_wh is None:
        return 0.0
    return max(0.0, behaviour.register_wh - heard.session_began_wh)


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()


def _seconds_of(moments: Mapping[int, datetime]) -> dict[int, float]:
    return {it: at.timestamp() for it, at in moments.items()}
