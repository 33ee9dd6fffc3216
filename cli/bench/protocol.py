"""How often chance could not break the promise: random steps of the protocol, and what they planned."""

from collections.abc import Callable
from typing import Final

from cli.figures import Figures, figure
from cli.proving.trials import PromiseBroken, trials

STEPS: Final = 100_000
SAY_EVERY: Final = 20
"""Trials between two words of progress."""


def measure_protocol(
    steps: int = STEPS, seed: int = 1, say: Callable[[str], None] = lambda _: None
) -> Figures:
    """
    Run random trials with faults, with and without changes of the layout in turns.

    Args:
        steps: how many seconds of the protocol at least; 100,000 take some two minutes.
        seed: of the first trial; the next one has the next.
        say: told how far it is.
    """
    done = broken = 0
    for number, trial in enumerate(trials(seed)):
        if done >= steps:
            break
        if number % SAY_EVERY == 0:
            say(f"{done:,} of {steps:,} random steps of the limit protocol, {broken} overloads")
        try:
            trial.run()
        except PromiseBroken as fault:
            say(f"seed {trial.seed}: {fault}")
            broken += 1
        done += trial.steps
    reference = f"random trees, grids and faults, seeds from {seed}; see docs/safety.md"
    return {
        "protocol_steps": figure(done, "1", f"one second with faults each; {reference}"),
        "planned_overloads": figure(
            broken, "1", f"trials that broke the promise; aim: 0; {reference}"
        ),
    }
