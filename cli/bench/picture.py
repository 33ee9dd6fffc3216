"""What was measured, for people."""

from typing import Final

from rich.table import Table

from cli.figures import Figures

BAR: Final = 28
_COMPARED: Final = (
    ("append_256_per_s", "Ampledger, 256 callers, hash chain"),
    ("append_32_per_s", "Ampledger, 32 callers, hash chain"),
    ("insert_32_per_s", "one INSERT each, 32 callers, no checks"),
    ("append_1_per_s", "Ampledger, 1 caller"),
    ("library_32_per_s", "eventsourcing, safe mode, 32 threads"),
    ("library_1_per_s", "eventsourcing, safe mode, 1 thread"),
)


def bars(figures: Figures) -> Table:
    """Show the appends side by side."""
    known = [(figures[name]["value"], said) for name, said in _COMPARED if name in figures]
    most = max(value for value, _ in known)
    table = Table(show_header=False, box=None, title="events appended a second, synced to disk")
    for value, said in known:
        table.add_row(said, "█" * max(1, round(BAR * value / most)), f"{value:>9,.0f}")
    return table


def table_of(figures: Figures) -> Table:
    """Show every figure beside its reference."""
    table = Table("figure", "value", "unit", "reference or aim")
    table.columns[1].justify = "right"
    for name, it in figures.items():
        table.add_row(name, shown(it["value"]), it["unit"], it["reference"])
    return table


def shown(value: float | None) -> str:
    """
    Write a figure for people.

    >>> shown(21345.678), shown(12.345), shown(0.98765), shown(0.0), shown(None)
    ('21,346', '12.35', '0.9877', '0', 'left out')
    """
    if value is None:
        return "left out"
    if value == int(value) or value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4f}" if abs(value) < 2 else f"{value:.2f}"
