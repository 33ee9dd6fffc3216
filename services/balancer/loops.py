"""
The loops of an allocation, as they are called.

An image holds them compiled, as `ready_loops`, and no compiler (`deploy/compile_loops.py`): it starts at
once, and is smaller by 170 MB. Elsewhere they are compiled when they are first called.
"""

from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING or find_spec("services.balancer.ready_loops") is None:
    from services.balancer.filling import fill
    from services.balancer.fitting import admit, hand_out
else:
    from services.balancer.ready_loops import admit, fill, hand_out

__all__ = ["admit", "fill", "hand_out"]
