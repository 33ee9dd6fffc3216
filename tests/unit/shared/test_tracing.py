"""Traces are handed on from process to process, or cost nothing where nobody collects them."""

import json
import os
import subprocess
import sys
from pathlib import Path

from shared import tracing
from tests.support.otlp import Collector, collecting

ROOT = Path(__file__).parents[3]
HANDED_ON = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
PROGRAM = f"""
import json
import structlog
from shared import tracing
from shared.log_lines import configure_logging
configure_logging("portal", "json", traced=tracing.begin_tracing("portal"))
log = structlog.get_logger()
with tracing.child("outside"):
    with tracing.root("request"):
        with tracing.child("append"):
            log.info("inside", headers=tracing.headers())
with tracing.following({HANDED_ON!r}, "command"):
    log.info("followed", headers=tracing.headers())
with tracing.following(None, "nothing"):
    log.info("nothing")
tracing.end_tracing()
"""


def traced(collector: Collector, **told: str) -> list[dict[str, object]]:
    """Trace in a process of its own, because that is set up once; the lines of its log."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        env=os.environ | {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url} | told,
        capture_output=True,
        check=True,
        timeout=60,
    )
    return [json.loads(it) for it in done.stdout.splitlines()]


def test_what_is_traced_is_handed_in_and_lines_of_the_log_say_in_which_trace_they_are() -> None:
    with collecting() as collector:
        inside, followed, nothing = traced(collector)

    spans = {it.name: it for it in collector.spans}
    assert set(spans) == {"request", "append", "command"}
    assert spans["append"].parent_id == spans["request"].span_id
    assert inside["trace_id"] == spans["request"].trace_id
    assert followed["trace_id"] == HANDED_ON.split("-")[1] == spans["command"].trace_id
    assert spans["command"].parent_id == HANDED_ON.split("-")[2]
    assert "trace_id" not in nothing


def test_what_is_handed_on_names_the_innermost_part() -> None:
    with collecting() as collector:
        inside, *_ = traced(collector)

    append = next(it for it in collector.spans if it.name == "append")
    assert inside["headers"] == {"traceparent": f"00-{append.trace_id}-{append.span_id}-01"}


def test_what_is_not_sampled_is_handed_on_to_nobody() -> None:
    with collecting() as collector:
        inside, *_ = traced(collector, OTEL_TRACES_SAMPLER="always_off")

    assert inside["headers"] == {}
    assert collector.spans == []


def test_without_a_collector_nothing_is_traced_and_nothing_is_loaded_for_it() -> None:
    assert not tracing.begin_tracing("portal", {})
    assert tracing.begin("frame") is None
    with tracing.root("request"), tracing.following(HANDED_ON, "command"):
        assert tracing.headers() == {}
    asked = "import sys; import shared.tracing; print('opentelemetry.sdk.trace' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", asked], cwd=ROOT, capture_output=True, check=True, timeout=60
    )
    assert done.stdout == b"False\n"
