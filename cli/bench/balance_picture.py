"""The figures of `ampledger bench balance` as pictures: bars for terminals, SVG files for documents."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from rich.table import Table

from cli.bench.acn import CAPACITIES_KW, NAMES
from cli.figures import Figures

BAR: Final = 28
OURS: Final = "#0b6e4f"
PEERS: Final = "#9aa5b1"
SIZES: Final = (
    ("decide_20_p50_ms", 20),
    ("decide_200_p50_ms", 200),
    ("decide_10000_p50_ms", 10_000),
)
PEER_TIMES: Final = (
    ("openWB", (10, 50, 100, 200, 400), (1.9, 11.0, 27.0, 78.0, 210.0)),
    ("SAP", (10, 100, 200), (126.0, 241.0, 450.0)),
)
"""Milliseconds by chargers, measured on another machine of 2 cores (docs/benchmarks.md)."""


class PicturesMissing(Exception):
    """The library that draws is a development dependency, and is not installed."""


def energy_bars(figures: Figures) -> Table:
    """Show side by side what share of the optimum every algorithm delivers at the smallest transformer."""
    kw = CAPACITIES_KW[0]
    known = [
        (name, figures[f"{prefix}acn_{kw}kw_vs_optimum"]["value"], _p50_ms(figures, prefix))
        for prefix, name in NAMES.items()
        if f"{prefix}acn_{kw}kw_vs_optimum" in figures
    ]
    table = Table(
        show_header=False,
        box=None,
        title=f"energy at {kw} kW, of the optimum; time for a decision",
    )
    for name, share, took_ms in sorted(known, key=lambda it: -it[1]):
        bar = "█" * max(1, round(BAR * share))
        table.add_row(name, bar, f"{share:6.1%}", f"{took_ms:7.2f} ms")
    return table


def _p50_ms(figures: Figures, prefix: str) -> float:
    return float(figures[f"{prefix}acn_decision_p50_ms"]["value"])


def draw(figures: Figures, folder: Path) -> list[Path]:
    """
    Draw what was measured; gives the files.

    Raises:
        PicturesMissing: the library that draws is not installed.
    """
    try:
        import matplotlib as mpl
    except ImportError as error:
        raise PicturesMissing(f"{error}: bring it with uv sync, or make setup") from error
    mpl.use("svg")
    # The same figures give the same file, byte by byte.
    mpl.rcParams.update({"svg.hashsalt": "ampledger", "font.size": 9})
    folder.mkdir(parents=True, exist_ok=True)
    return [_energy(figures, folder), _sizes(figures, folder)]


def _energy(figures: Figures, folder: Path) -> Path:
    from matplotlib import pyplot as plt

    measured = [it for it in CAPACITIES_KW if f"acn_{it}kw_vs_optimum" in figures]
    figure, axes = plt.subplots(
        1, len(measured), figsize=(3.2 * len(measured) + 1.2, 3.0), sharey=True, squeeze=False
    )
    for kw, axis in zip(measured, axes[0], strict=True):
        names = [it for it in reversed(NAMES) if f"{it}acn_{kw}kw_vs_optimum" in figures]
        shares = [100 * figures[f"{it}acn_{kw}kw_vs_optimum"]["value"] for it in names]
        bars = axis.barh(
            [NAMES[it] for it in names], shares, color=[_colour(it) for it in names]
        )
        axis.bar_label(bars, fmt="%.1f", padding=2)
        axis.set_xlim(math.floor(min(shares) / 10) * 10 - 10, 108)
        axis.axvline(100, color="black", linewidth=0.8)
        axis.set_title(f"transformer {kw} kW")
        _plain(axis)
    figure.suptitle(
        "Energy delivered in a week at Caltech, % of the offline optimum", fontsize=10
    )
    return _saved(figure, folder / "bench-energy.svg")


def _sizes(figures: Figures, folder: Path) -> Path:
    from matplotlib import pyplot as plt

    figure, axis = plt.subplots(figsize=(5.2, 3.2))
    sizes = [size for name, size in SIZES if name in figures]
    times = [figures[name]["value"] for name, _ in SIZES if name in figures]
    axis.loglog(sizes, times, "o-", color=OURS, label="Ampledger")
    for (name, at, took_ms), mark in zip(PEER_TIMES, "s^", strict=True):
        axis.loglog(at, took_ms, f"{mark}--", color=PEERS, label=name)
    axis.set_xlabel("chargers")
    axis.set_ylabel("ms for a decision (median)")
    axis.grid(visible=True, which="major", linewidth=0.3)
    axis.legend(frameon=False)
    _plain(axis)
    return _saved(figure, folder / "bench-decisions.svg")


def _colour(prefix: str) -> str:
    return OURS if NAMES[prefix].startswith("Ampledger") else PEERS


def _plain(axis: Any) -> None:
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)


def _saved(figure: Any, file: Path) -> Path:
    from matplotlib import pyplot as plt

    figure.tight_layout()
    figure.savefig(file, metadata={"Date": None})
    plt.close(figure)
    return file


def files_said(files: Sequence[Path]) -> str:
    """Name the files that were drawn."""
    return "drawn: " + ", ".join(str(it) for it in files)
