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


PASSED_ON = f"""
import asyncio, json
from datetime import UTC, datetime
from types import SimpleNamespace
from uuid import UUID
from shared import tracing
from shared.denials import ServiceClient
from shared.followers import Follower
from shared.parking import apply_or_park
from shared.patience import PatientClient
from shared.recorded import Meta, Recorded

asked = []

async def request(client, subject, *args, **options):
    asked.append(options.get("headers"))

ServiceClient.request = request
tracing.begin_tracing("portal")

async def apply(connection, recorded):
    asked.append(tracing.headers())

async def reload():
    pass

async def main():
    meta = Meta(actor="me", command_id="c", correlation_id="c", traceparent={HANDED_ON!r})
    about = dict(position=1, stream="pier", version=1, event_id=UUID(int=1), schema_version=1, data=b"{{}}")
    event = Recorded(**about, recorded_at=datetime.now(UTC), type="CircuitAdded", meta=meta)
    meta = meta.model_copy(update={{"traceparent": None}})
    untraced = event._replace(meta_json=meta.model_dump_json().encode())
    follower = Follower("portal", "installation", apply, reload, lambda _: None)
    for it in (event, untraced):
        assert await apply_or_park(None, follower, it, set(), with_care=False)
    client = PatientClient(1.0)
    with tracing.root("request GET"):
        await client.request("queries.permissions.WhoIs", b"", headers={{"Ampledger-Actor": "me"}})
        await client.request("charger.bay-1.SetCurrentLimit", b"")
    await client.request("queries.permissions.WhoIs", b"")

asyncio.run(main())
tracing.end_tracing()
print(json.dumps(asked))
"""


def test_followers_and_questions_are_parts_of_the_trace_that_led_to_them() -> None:
    with collecting() as collector:
        done = subprocess.run(
            [sys.executable, "-c", PASSED_ON],
            cwd=ROOT,
            env=os.environ | {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url},
            capture_output=True,
            check=True,
            timeout=60,
        )
    taken, untraced, asked, commanded, alone = json.loads(done.stdout.splitlines()[-1])
    spans = {it.name: it for it in collector.spans}

    assert set(spans) == {"take CircuitAdded", "ask WhoIs", "request GET"}
    assert spans["take CircuitAdded"].trace_id == HANDED_ON.split("-")[1]
    assert spans["take CircuitAdded"].parent_id == HANDED_ON.split("-")[2]
    assert spans["take CircuitAdded"].span_id in taken["traceparent"]
    assert spans["ask WhoIs"].parent_id == spans["request GET"].span_id
    assert asked["Ampledger-Actor"] == "me"
    assert spans["ask WhoIs"].span_id in asked["traceparent"]
    assert untraced == {}
    assert commanded is None
    assert not alone
