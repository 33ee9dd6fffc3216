"""Somebody who collects traces, by OTLP over HTTP, and keeps them in memory."""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


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

    def take(self, body: bytes) -> None:
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

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.path == "/v1/traces"
            collector.take(body)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """It is no news that somebody hands in traces."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        collector.url = f"http://127.0.0.1:{server.server_port}"
        serving = threading.Thread(target=server.serve_forever, daemon=True)
        serving.start()
        try:
            yield collector
        finally:
            server.shutdown()
            serving.join()
