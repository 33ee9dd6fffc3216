"""Which mode each car is to charge in."""

from collections.abc import Sequence

from services.balancer.demands import Demand, Rules
from services.balancer.nets import Division, Numbers
from services.balancer.tables import Table


def choose(table: Table, demands: Sequence[Demand], rules: Rules) -> tuple[Numbers, Division]:
    """Choose a mode for each demand."""
    modes = table.first_mode[:-1].copy()
    return modes, table.divide(modes)
