"""A run drawn along its time: faults, what breakers carry, and who was not ready."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from cli.bench.balance_picture import OURS, PEERS, PicturesMissing

FAULT: Final = "#c2571a"
LATE: Final = "#b3261e"
LEAST_S: Final = 0.6
"""What is over at once is drawn so wide."""

__all__ = ["PicturesMissing", "draw"]


def draw(report: Mapping[str, Any], file: Path) -> None:
    """
    Draw a report of `ampledger chaos` as an SVG file.

    Args:
        report: with `carried_out`, `carried` and `not_ready`, as the command writes it.
        file: where to.

    Raises:
        PicturesMissing: the library that draws is not installed.
    """
    try:
        import matplotlib as mpl
    except ImportError as error:
        raise PicturesMissing(f"{error}: bring it with uv sync, or make setup") from error
    mpl.use("svg")
    # The same run gives the same file, byte by byte.
    mpl.rcParams.update({"svg.hashsalt": "ampledger", "font.size": 8})
    from matplotlib import pyplot as plt

    kinds = sorted({it["kind"] for it in report["carried_out"]})
    names = sorted({it["process"] for it in report["not_ready"]})
    rows = (len(kinds), 10, max(len(names), 1))
    figure, (faults, carried, late) = plt.subplots(
        3,
        1,
        sharex=True,
        figsize=(10.0, 1.5 + 0.17 * sum(rows)),
        gridspec_kw={"height_ratios": rows},
    )
    _faults(faults, report["carried_out"], kinds)
    _carried(carried, report["carried"])
    _late(late, report["not_ready"], names)
    late.set_xlabel("seconds")
    figure.tight_layout()
    figure.savefig(file, format="svg", metadata={"Date": None})
    plt.close(figure)


def _faults(axis: Any, carried_out: Sequence[Mapping[str, Any]], kinds: Sequence[str]) -> None:
    for it in carried_out:
        if it["why_not"] is None:
            over_s = it["over_s"] if it["over_s"] is not None else it["began_s"]
            wide_s = max(over_s - it["began_s"], LEAST_S)
            axis.barh(kinds.index(it["kind"]), wide_s, left=it["began_s"], color=FAULT)
    axis.set_yticks(range(len(kinds)), kinds)
    axis.invert_yaxis()
    axis.set_title("faults", loc="left")
    _plain(axis)


def _carried(axis: Any, carried: Mapping[str, Sequence[Sequence[float]]]) -> None:
    for seen in carried.values():
        axis.plot([it[0] for it in seen], [it[1] for it in seen], color=OURS, linewidth=0.7)
        axis.plot([it[0] for it in seen], [it[2] for it in seen], color=LATE, linewidth=1.0)
    axis.set_ylim(bottom=0)
    axis.set_title(
        "amperes on the fullest line of every main breaker, and its rating", loc="left"
    )
    _plain(axis)


def _late(axis: Any, not_ready: Sequence[Mapping[str, Any]], names: Sequence[str]) -> None:
    for it in not_ready:
        wide_s = max(it["over_s"] - it["from_s"], LEAST_S)
        colour = LATE if it["counted"] else PEERS
        axis.barh(names.index(it["process"]), wide_s, left=it["from_s"], color=colour)
    axis.set_yticks(range(len(names)), names)
    axis.invert_yaxis()
    axis.set_title(
        "not ready: while a fault goes on at it or what it needs (grey), and after", loc="left"
    )
    _plain(axis)


def _plain(axis: Any) -> None:
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)
    axis.grid(visible=True, axis="x", linewidth=0.3)
