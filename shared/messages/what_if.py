"""What would be if an installation were otherwise, or at another time: the question, and the answer."""

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from shared.ids import ChargerId, CircuitId, InstallationId
from shared.messages import Moment
from shared.messages.balancer import LimitedBy
from shared.phases import Phase, PhaseAmperes, PhaseCurrents
from shared.units import BreakerAmperes, ChargerAmperes

MORE_MAX: Final = 200
"""How many cars may come in one question."""


class MoreCars(BaseModel):
    """Cars that come, each to a charger that nobody else uses."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    count: int = Field(ge=1, le=MORE_MAX)
    circuit_id: CircuitId
    three_phases: bool = True
    max_a: ChargerAmperes = 32.0


class OtherSetting(BaseModel):
    """What may be used of a breaker."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    circuit_id: CircuitId
    set_a: BreakerAmperes


class WhatIf(BaseModel):
    """What is to be otherwise; what is left out is as it is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    installation_id: InstallationId
    at: Moment | None = None
    """None: now."""
    more: Annotated[tuple[MoreCars, ...], Field(max_length=3)] = ()
    available_a: PhaseAmperes | None = None
    other: OtherSetting | None = None


class BreakerThen(BaseModel):
    """What a breaker would carry on L1, L2 and L3, and what of it could be used for cars."""

    model_config = ConfigDict(frozen=True)

    circuit_id: CircuitId
    set_a: float
    usable_a: PhaseCurrents
    load_a: PhaseCurrents


class CarThen(BaseModel):
    """What a car at a charger would have, and why; a place in the queue, if it would wait."""

    model_config = ConfigDict(frozen=True)

    charger_id: ChargerId
    circuit_id: CircuitId
    is_new: bool
    limit_a: float
    phases: tuple[Phase, ...]
    waits: bool
    limited_by: LimitedBy


class Picture(BaseModel):
    """An installation when limits have settled."""

    model_config = ConfigDict(frozen=True)

    breakers: tuple[BreakerThen, ...] = ()
    cars: tuple[CarThen, ...] = ()


class WhatIfAnswer(BaseModel):
    """How it would be as things are, and how otherwise; or why that was not worked out."""

    model_config = ConfigDict(frozen=True)

    as_is: Picture = Picture()
    otherwise: Picture = Picture()
    settled: bool = True
    """Limits came to rest within the time that was looked at."""
    refusal: str | None = None
