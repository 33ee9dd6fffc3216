"""How long a whole decision takes: shares, and what of them may be announced given all that is in force."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from cli.bench.ideal import Car, Garage, garage_site
from cli.bench.rates import quantile
from cli.figures import Figures, figure
from services.balancer.decider import decide
from services.balancer.facts import Timing
from shared.ids import ChargerId, SessionId

Say = Callable[[str], None]

BEGIN_S: Final = 1_700_000_000.0
SETTLING_S: Final = 60
REPETITIONS: Final = {20: 400, 200: 60}
INSTALLATIONS: Final = 1000
INSTALLATIONS_QUICK: Final = 50
ROUNDS: Final = 3
SHARE: Final = 0.4
"""What breakers carry, of what all cars could take."""


def measure_whole(say: Say, *, quick: bool) -> Figures:
    """
    Measure `decide` in garages where a car has just come, all others charge, and nothing is unconfirmed.

    Args:
        say: told what is going on.
        quick: fewer repetitions.
    """
    took_ms: dict[int, list[float]] = {}
    for bays, repetitions in REPETITIONS.items():
        say(f"whole decisions for {bays} chargers")
        took_ms[bays] = _timed_ms(settled(bays), repetitions // 10 if quick else repetitions)
    said = "commitments, reasons and what may be announced included"
    return {
        "whole_decide_20_p50_ms": figure(quantile(took_ms[20], 50), "ms", said),
        "whole_decide_200_p50_ms": figure(quantile(took_ms[200], 50), "ms", said),
        "whole_decisions_per_core_s": figure(
            _per_core_s(INSTALLATIONS_QUICK if quick else INSTALLATIONS),
            "1/s",
            f"installations of 20, best of {ROUNDS} rounds; {said}",
        ),
    }


def settled(bays: int, main_share: float = SHARE) -> Garage:
    """
    Fill a garage up to its last bay but one, and let it settle; then let the last car come.

    Args:
        bays: how many.
        main_share: what the main breaker carries, of what all cars could take.
    """
    site = garage_site(bays, bays * 32.0 * main_share, 20 * 32.0 * 0.5, fail_safe_a=0.0)
    garage = Garage(site, Timing(), BEGIN_S)
    for bay, charger_id in enumerate(site.chargers):
        if bay < bays - 1:
            garage.plug_in(charger_id, _car(bay))
    for _ in range(SETTLING_S):
        garage.decide()
        garage.pass_(1.0)
        garage.read()
    garage.plug_in(ChargerId(f"bay-{bays - 1}"), replace(_car(bays), since_s=garage.now_s))
    return garage


def _car(bay: int) -> Car:
    terminals = 3 if bay % 5 < 2 else 1
    return Car(SessionId(f"session-{bay}"), BEGIN_S, needs_kwh=1e6, terminals=terminals)


def _timed_ms(garage: Garage, repetitions: int) -> list[float]:
    took_ms: list[float] = []
    decide(garage.facts(), garage.timing, garage.now_s)
    for repetition in range(repetitions):
        facts = garage.facts()
        began_s = time.process_time()
        decide(facts, garage.timing, garage.now_s + repetition / repetitions)
        took_ms.append((time.process_time() - began_s) * 1e3)
    return took_ms


def _per_core_s(installations: int) -> float:
    facts = [settled(20, SHARE * (1 + it / 20)).facts() for it in range(10)]
    fastest_s = float("inf")
    for _ in range(ROUNDS):
        began_s = time.process_time()
        for number in range(installations):
            decide(facts[number % len(facts)], Timing(), BEGIN_S + SETTLING_S)
        fastest_s = min(fastest_s, time.process_time() - began_s)
    return installations / fastest_s
