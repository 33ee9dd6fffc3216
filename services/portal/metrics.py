"""The figures of the portal; routes are told by their template, so that no address names anybody."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

REQUESTS: Final = Counter(
    "ampledger_portal_requests_total",
    "Requests to pages and the API, by the template of the route.",
    ["route", "method", "status"],
)
ANSWERING: Final = Histogram(
    "ampledger_portal_request_duration_seconds",
    "How long it took until an answer began; a stream that goes on counts by its beginning.",
    ["route"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0),
)
STREAMS: Final = Gauge(
    "ampledger_portal_answers_open", "Answers that go on, streams among them."
)
