"""What is told of an installation over the API: pure, from documents to answers."""

from collections.abc import Iterable

from pydantic import BaseModel

from services.portal.documents import Charger, Circuit, Layout
from shared.ids import ChargerId, CircuitId, InstallationId, Serial
from shared.messages import Moment
from shared.phases import GridType, PhaseCurrents, PhaseSwitching, Wiring
from shared.rights.grants import Grant


class HeldRole(BaseModel):
    """A role that somebody has."""

    grantee: str
    role: str
    charger_id: ChargerId | None = None
    until: Moment | None = None
    since: int
    """The position in the log of permissions at which it was given."""


class InstallationListed(BaseModel):
    """An installation in a list."""

    installation_id: InstallationId
    name: str
    address: str
    active: bool
    roles: list[HeldRole]
    """Of whoever asks."""


class InstallationTold(InstallationListed):
    """An installation as a whole."""

    category: str
    country: str
    type: str
    grid_type: GridType
    breaker_a: float
    time_zone: str
    authentication_required: bool
    available_a: PhaseCurrents | None
    available_until: Moment | None
    switch_current_a: float | None
    imbalance_a: float | None
    position: int
    """Of its newest event in the log of installations."""
    version: int
    """How many events it has had; what a change says in If-Match that was decided by what this says."""


class CircuitTold(BaseModel):
    """A breaker below the main one."""

    circuit_id: CircuitId
    parent_id: CircuitId | None
    name: str
    breaker_a: float
    set_a: float
    active: bool


class ChargerTold(BaseModel):
    """A charger where it stands."""

    charger_id: ChargerId
    circuit_id: CircuitId
    serial: Serial
    name: str
    wiring: Wiring
    max_a: float
    min_a: float
    breaker_a: float | None
    fail_safe_a: float
    fail_safe_wished: bool
    priority: int
    phase_switching: PhaseSwitching
    locked: bool
    authentication_required: bool


def held(grants: Iterable[Grant]) -> list[HeldRole]:
    """Tell of roles."""
    return [
        HeldRole(
            grantee=it.grantee,
            role=it.role.value,
            charger_id=it.charger_id,
            until=it.until,
            since=it.position,
        )
        for it in grants
    ]


def installation_listed(layout: Layout, grants: Iterable[Grant]) -> InstallationListed:
    """Tell of an installation in a list."""
    return InstallationListed(
        installation_id=layout.installation_id,
        name=layout.name,
        address=layout.address,
        active=layout.deactivated is None,
        roles=held(grants),
    )


def installation_told(layout: Layout, grants: Iterable[Grant]) -> InstallationTold:
    """Tell of an installation."""
    known = layout.model_dump(include=set(InstallationTold.model_fields))
    return InstallationTold(**known, active=layout.deactivated is None, roles=held(grants))


def circuit_told(circuit: Circuit) -> CircuitTold:
    """Tell of a circuit."""
    known = circuit.model_dump(include=set(CircuitTold.model_fields))
    return CircuitTold(**known, active=circuit.deactivated is None)


def charger_told(layout: Layout, charger: Charger) -> ChargerTold:
    """Tell of a charger."""
    known = charger.model_dump(
        include=set(ChargerTold.model_fields) - {"authentication_required"}
    )
    own = charger.authentication_required
    return ChargerTold(
        **known,
        locked=charger.lock is not None,
        authentication_required=layout.authentication_required if own is None else own,
    )
