"""The figures that a run has shown, each with what it was measured by."""

from collections.abc import Sequence

from cli.bench.rates import quantile
from cli.bench.scale.costs import Stored
from cli.bench.scale.weighing import Step, growth, limited_by
from cli.figures import Figures, figure


def figures_of(steps: Sequence[Step], held: Step | None, stored: Stored) -> Figures:
    """
    Name what was measured.

    Args:
        steps: all of them, in order.
        held: the last one at which limits came in time; none, if they never did.
        stored: what was written during the last step.
    """
    last = steps[-1]
    shown = held or last
    return {
        "chargers": figure(
            held.chargers if held else None,
            "1",
            "with p99 from reading to limit within 2 s, a reading per 10 s each; aim 5,000",
        ),
        **_of_step(shown, ""),
        "crowd_of_machine": figure(
            shown.crowd_of_machine, "1", "what the chargers' own process took of all cores"
        ),
        "machine_busy": figure(
            sum(it.cores for it in shown.shares.values()) / shown.cores, "1", limited_by(shown)
        ),
        **{
            f"{name}_us_per_reading": figure(
                shown.cpu_us_per_reading(name), "µs", "processor time, all work included"
            )
            for name in shown.ours
        },
        **_memory(steps),
        **_disk(last, stored),
        **{
            name: it
            for step in steps
            for name, it in _of_step(step, f"_{step.chargers}").items()
        },
    }


def _of_step(step: Step, suffix: str) -> Figures:
    said = (
        f"{step.chargers:,} chargers, {len(step.took_ms)} swings, {step.missed} without a limit"
    )
    took_ms = step.took_ms if not step.missed else ()
    return {
        **{
            f"reading_to_limit{suffix}_p{it}_ms": figure(
                quantile(took_ms, it) if took_ms else None, "ms", said
            )
            for it in (50, 99)
        },
        f"cpu_us_per_reading{suffix}": figure(
            step.cpu_us_per_reading(),
            "µs",
            f"{limited_by(step)}; {step.readings / step.seconds:.0f} readings a second",
        ),
    }


def _memory(steps: Sequence[Step]) -> Figures:
    if len(steps) == 1:
        return {}
    chargers = [float(it.chargers) for it in steps]
    said = "growth of its memory (PSS) from step to step"
    grown = {
        name: growth(chargers, [it.shares[name].memory_kib for it in steps])
        for name in steps[-1].ours
    }
    return {
        "kib_per_charger": figure(sum(grown.values()), "KiB", f"all of ours; {said}"),
        **{f"{name}_kib_per_charger": figure(it, "KiB", said) for name, it in grown.items()},
        **{
            f"{name}_kib": figure(
                it.memory_kib, "KiB", f"{steps[-1].chargers:,} chargers (PSS)"
            )
            for name, it in steps[-1].ours.items()
        },
    }


def _disk(step: Step, stored: Stored) -> Figures:
    charger_hours = step.chargers * step.seconds / 3600
    said = "all cars charging; installation, telemetry and balancer together"
    return {
        "log_events_per_charger_hour": figure(stored.events / charger_hours, "1/h", said),
        "log_bytes_per_event": figure(
            stored.log_bytes / stored.events if stored.events else None,
            "B",
            "growth of the tables of events, indices included",
        ),
        "jetstream_bytes_per_charger_hour": figure(
            stored.jetstream_bytes / charger_hours, "B/h", "readings, pictures and events"
        ),
        "database_bytes_per_charger_hour": figure(
            stored.database_bytes / charger_hours, "B/h", "all databases, readings included"
        ),
    }
