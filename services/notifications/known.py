"""What is known of installations, as far as somebody may have to be warned of it: documents."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from shared.ids import ChargerId, CircuitId, Serial
from shared.messages import Moment
from shared.phases import Phase


class Known(BaseModel):
    """A part of what is known; whoever folds it makes another one."""

    model_config = ConfigDict(frozen=True)


class Breaker(Known):
    """A breaker: the main one, or that of a circuit."""

    name: str
    rated_a: float
    """What it may carry per phase, by its rating."""
    active: bool = True


class Charger(Known):
    name: str
    serial: Serial
    locked_since: Moment | None = None


class Site(Known):
    """An installation as it is set up; folded from the log of installation."""

    name: str
    time_zone: str
    active: bool = True
    breakers: dict[CircuitId, Breaker] = {}
    chargers: dict[ChargerId, Charger] = {}

    def breaker_name(self, circuit_id: CircuitId) -> str:
        breaker = self.breakers.get(circuit_id)
        return circuit_id if breaker is None else breaker.name

    def charger_name(self, charger_id: ChargerId) -> str:
        charger = self.chargers.get(charger_id)
        return charger_id if charger is None else charger.name


class Fault(Known):
    code: str
    info: str = ""
    since: Moment


class Alarm(Known):
    """Something about a charger's security that somebody has to look at; `latest`: when said last."""

    info: str = ""
    since: Moment
    latest: Moment


class Condition(Known):
    """How a charger is; folded from the log of telemetry."""

    serial: Serial | None = None
    gone_since: Moment | None = None
    """Since when it is not connected; none while it is, and before it ever was."""
    fault: Fault | None = None
    alarms: dict[str, Alarm] = {}
    """By kind, as chargers spell it."""


class Overload(Known):
    """More than a breaker may carry; `latest` is when it was said last."""

    circuit_id: CircuitId
    phase: Phase
    measured_a: float
    limit_a: float
    since: Moment
    latest: Moment


class Ignored(Known):
    """A charger that draws more than it was told, until it was given another limit for another reason."""

    measured_a: float
    limit_a: float
    since: Moment
    until: Moment | None = None


class Balance(Known):
    """What the balancer has found; folded from its log."""

    overloads: dict[str, Overload] = {}
    """By breaker and phase."""
    ignored: dict[ChargerId, Ignored] = {}
    silent: dict[CircuitId, Moment] = {}
    """Breakers whose meter is silent, and since when."""


def key_of(installation_id: str, charger_id: ChargerId) -> str:
    """
    Name a charger: ids are unique within an installation only.

    >>> key_of("garage-1", "bay-12")
    'garage-1/bay-12'
    """
    return f"{installation_id}/{charger_id}"


def seconds_between(since: datetime, now: datetime) -> float:
    return (now - since).total_seconds()
