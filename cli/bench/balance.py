"""Everything that `ampledger bench balance` measures, one after the other."""

from collections.abc import Callable
from typing import Final

from cli.bench.acn import measure_acn
from cli.bench.acn_garage import AcnMissing
from cli.bench.churn import measure_churn
from cli.bench.exact import SolverMissing
from cli.bench.garage_day import measure_day
from cli.bench.latency import measure_latency
from cli.bench.protocol import STEPS, measure_protocol
from cli.bench.shares import measure_shares
from cli.bench.steps import measure_steps
from cli.bench.whole import measure_whole
from cli.figures import Figures

Say = Callable[[str], None]
Found = Callable[[Figures], None]

STEPS_QUICK: Final = 2_000
"""Of the protocol, when it must be quick."""
LOAD_STEPS: Final = 120
LOAD_STEPS_QUICK: Final = 6
MISSING: Final = (AcnMissing, SolverMissing)


def measure_balance(say: Say, found: Found, *, quick: bool) -> None:
    """
    Measure the balancer.

    Args:
        say: told what is going on.
        found: given figures as they come.
        quick: less of everything: enough to see that it works, too little to compare.

    Raises:
        AcnMissing: a library to compare with is not installed.
        SolverMissing: the same of a solver.
    """
    found(measure_latency(say, quick=quick))
    found(measure_whole(say, quick=quick))
    found(measure_shares(say, quick=quick))
    found(measure_day(say))
    found(measure_churn(say, quick=quick))
    found(measure_acn(say, quick=quick))
    say("steps of load that is not ours")
    found(measure_steps(LOAD_STEPS_QUICK if quick else LOAD_STEPS))
    found(measure_protocol(STEPS_QUICK if quick else STEPS, say=say))
