"""Somebody who collects traces, by OTLP over HTTP, and keeps them in memory."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from cli.bench.gateway import collector as bench_collector


@dataclass(frozen=True, slots=True)
class Seen:
    """One span, as it was handed in."""

    trace_id: str
    span_id: str
    parent_id: str
    service: str
    name: str


class Collector:
    """What was handed in so far."""

    def __init__(self) -> None:
        self.url = ""
        self.spans: list[Seen] = []

    def take(self, path: str, body: bytes) -> None:
        assert path == "/v1/traces"
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            attributes = {it.key: it.value.string_value for it in resource.resource.attributes}
            self.spans += [
                Seen(
                    span.trace_id.hex(),
                    span.span_id.hex(),
                    span.parent_span_id.hex(),
                    attributes["service.name"],
                    span.name,
                )
                for scope in resource.scope_spans
                for span in scope.spans
            ]

    def traces(self) -> dict[str, list[Seen]]:
        found: dict[str, list[Seen]] = {}
        for it in list(self.spans):
            found.setdefault(it.trace_id, []).append(it)
        return found


@contextlib.contextmanager
def collecting() -> Iterator[Collector]:
    """Collect for as long as the context is open, on a port of its own."""
    collector = Collector()
    with bench_collector.collecting(collector.take) as collector.url:
        yield collector
