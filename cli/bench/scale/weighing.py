"""What the measured numbers say: pure sums over them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

CROWD: Final = "chargers"
"""The process that plays the chargers, which no machine in earnest has to carry."""
LOOP_FULL: Final = 0.85
"""A process whose loop takes so much of a core answers late already."""
MACHINE_FULL: Final = 0.9


@dataclass(frozen=True, slots=True)
class Share:
    """What a process takes: of a core, and in memory."""

    cores: float
    memory_kib: float


@dataclass(frozen=True, slots=True)
class Step:
    """
    What was measured with so many chargers.

    Args:
        chargers: how many there were.
        seconds: for how long.
        readings: how many were answered.
        took_ms: from readings to limits.
        missed: how often no limit came before the next reading.
        shares: what each process took.
        cores: how many the machine has.
    """

    chargers: int
    seconds: float
    readings: int
    took_ms: Sequence[float]
    missed: int
    shares: Mapping[str, Share]
    cores: int

    @property
    def ours(self) -> Mapping[str, Share]:
        """What would run in earnest."""
        return {name: it for name, it in self.shares.items() if name != CROWD}

    def cpu_us_per_reading(self, process: str | None = None) -> float:
        """Share processor time out among readings; of one process, or of all that is ours."""
        taken = self.ours.values() if process is None else (self.shares[process],)
        return sum(it.cores for it in taken) * self.seconds * 1e6 / self.readings

    @property
    def crowd_of_machine(self) -> float:
        """Say what part of the machine the chargers themselves took."""
        return self.shares[CROWD].cores / self.cores


def limited_by(step: Step) -> str:
    """
    Say what the machine has least of left.

    >>> shares = {"telemetry": Share(0.97, 1.0), "nats": Share(0.1, 1.0), CROWD: Share(0.1, 1.0)}
    >>> limited_by(Step(500, 10.0, 500, [], 0, shares, 2))
    'the one core that telemetry can use (97%)'
    """
    name, most = max(step.ours.items(), key=lambda it: it[1].cores)
    machine = sum(it.cores for it in step.shares.values()) / step.cores
    if most.cores >= LOOP_FULL and name not in {"postgres", "nats"}:
        return f"the one core that {name} can use ({most.cores:.0%})"
    if machine >= MACHINE_FULL:
        return f"the machine's cores ({machine:.0%}), most of them by {name} ({most.cores:.0%} of one)"
    return f"nothing yet: cores are taken to {machine:.0%}, most by {name} ({most.cores:.0%} of one)"


def growth(sizes: Sequence[float], values: Sequence[float]) -> float:
    """
    Say how much a value grows with each further one of something: the slope of the line through all.

    >>> round(growth([100, 200, 400], [50.0, 70.0, 110.0]), 6)
    0.2
    """
    middle, mean = sum(sizes) / len(sizes), sum(values) / len(values)
    around = sum((it - middle) ** 2 for it in sizes)
    if around == 0:
        raise ValueError("growth needs two different sizes at least")
    both = sum((x - middle) * (y - mean) for x, y in zip(sizes, values, strict=True))
    return both / around
