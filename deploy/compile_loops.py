"""
Compile the balancer's loops to a library, so that its image needs no compiler.

    python deploy/compile_loops.py FOLDER

makes `ready_loops` in FOLDER, which `services.balancer.loops` takes if it lies beside it. Wants a C
compiler and Python's headers for what binds it to Python. The machine code is for any processor of this
kind, and gives the same numbers as what is compiled on the spot: both add in the same order.
"""

import sys
from pathlib import Path
from typing import Final

from numba import types
from numba.pycc import CC

from services.balancer import filling, fitting, nets

MODULE: Final = "ready_loops"


def main(folder: Path) -> None:
    """Compile what is called from outside, and with it what that calls."""
    floats, phasors = _array(types.float64), _array(types.complex128)
    numbers, flags = _array(types.int64), _array(types.bool_)
    net = types.NamedTuple((floats, numbers, phasors, numbers, numbers), nets.Net)
    wants = types.NamedTuple((floats, floats, floats), nets.Wants)
    division = types.NamedTuple((floats, numbers, numbers, flags), nets.Division)
    library = CC(MODULE)
    library.output_dir = str(folder)
    library.target_cpu = "generic"
    for loop, taken in (
        (fitting.admit, (net, wants, phasors, numbers, numbers, division)),
        (filling.fill, (net, wants, phasors, division)),
        (fitting.hand_out, (net, wants, phasors, division)),
    ):
        plain = loop.py_func
        library.export(plain.__name__, types.void(*taken))(plain)
    library.compile()


def _array(of: types.Type) -> types.Array:
    return types.Array(of, 1, "C")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
