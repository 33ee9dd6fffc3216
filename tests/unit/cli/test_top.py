"""Two looks at figures become a picture."""

import io

import pytest
from rich.console import Console

from cli.top.nearest import BreakerRow, Nearest
from cli.top.reckoning import Figures, picture, quantile, rate, row
from cli.top.showing import shown
from cli.top.targets import figures_in
from shared import metrics

DECISION = "ampledger_balancer_decision_duration_seconds"


def buckets(**counts: float) -> Figures:
    bounds = {"tenth": "0.1", "second": "1.0", "more": "+Inf"}
    return {(f"{DECISION}_bucket", (("le", bounds[it]),)): n for it, n in counts.items()}


def test_what_was_measured_before_the_first_look_does_not_count() -> None:
    before = buckets(tenth=1000, second=1000, more=1000)
    after = buckets(tenth=1000, second=1010, more=1010)

    assert quantile([(before, after)], DECISION, 0.5) == pytest.approx(0.55)


def test_processes_are_measured_together() -> None:
    nothing = buckets(tenth=0, second=0, more=0)
    quick, slow = buckets(tenth=99, second=99, more=99), buckets(tenth=0, second=1, more=1)
    looks = [(nothing, quick), (nothing, slow)]

    assert quantile(looks, DECISION, 0.5) == pytest.approx(0.1 * 50 / 99)
    assert quantile(looks, DECISION, 0.995) == pytest.approx(0.55)


def test_what_is_beyond_the_last_bound_is_told_as_that() -> None:
    looks = [(buckets(more=0), buckets(tenth=0, second=0, more=5))]
    assert quantile(looks, DECISION, 0.99) == 1.0


def test_nothing_measured_is_told_as_nothing() -> None:
    same = buckets(tenth=5, second=5, more=5)
    assert quantile([(same, same)], DECISION, 0.99) is None
    assert quantile([], DECISION, 0.99) is None


def test_a_process_that_was_started_again_counts_from_nothing() -> None:
    looks = [({("x_total", ()): 500.0}, {("x_total", ()): 30.0})]
    assert rate(looks, 10.0, "x_total") == 3.0


def test_a_process_that_does_not_answer_is_told_as_such() -> None:
    silent = row("portal", 3, {}, None, 2.0)
    assert (silent.answers, silent.ready, silent.restarts) == (False, False, 3)


def test_figures_are_read_as_processes_tell_them() -> None:
    metrics.READY.set(1)
    figures = figures_in(metrics.exposition("portal").decode())

    assert figures["ampledger_ready", ()] == 1.0
    assert row("portal", None, figures, figures, 2.0).memory_bytes > 0


def test_the_terminal_shows_processes_and_breakers_whatever_they_are_called() -> None:
    gateway = {
        ("ampledger_ready", ()): 1.0,
        ("ampledger_gateway_sockets", ()): 7.0,
        ("process_cpu_seconds_total", ()): 3.0,
    }
    rows = [row("telemetry", 0, gateway, gateway, 2.0), row("portal", 1, None, None, 2.0)]
    nearest = [BreakerRow("garage", "level[1]", 32.0, 31.0, 32.0)]
    text = io.StringIO()
    Console(file=text, width=200).print(
        shown(picture(rows, [(gateway, gateway)], 2.0), nearest)
    )

    assert "7 chargers" in text.getvalue()
    assert "no answer" in text.getvalue()
    assert "garage / level[1]" in text.getvalue()
    assert "97%" in text.getvalue()


def test_no_breaker_is_near_its_limit_where_nobody_has_drawn_any() -> None:
    assert Nearest().rows(5) == []
