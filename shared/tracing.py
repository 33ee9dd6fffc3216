"""
Traces: what a frame of a charger, or a request of a person, leads to, across processes (OpenTelemetry).

Off unless `OTEL_EXPORTER_OTLP_ENDPOINT` names who collects them, by OTLP over HTTP; then the environment
says the rest as for every program (`OTEL_TRACES_SAMPLER`, `OTEL_EXPORTER_OTLP_HEADERS` and so on).

    with root("frame Heartbeat"):           a trace begins
    with child("append"):                   a part of what is being traced; nothing outside of a trace
    with following(traceparent, "decide"):  a part of what another task or process traces
    headers()                               hands the trace on: W3C's `traceparent`

What was not sampled is not handed on, so that it costs nobody anything. While all is off, each of these
costs less than a microsecond.
"""

import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final

from opentelemetry import trace
from opentelemetry.trace import Span, Tracer, use_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

HEADER: Final = "traceparent"
ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_SPREAD: Final = TraceContextTextMapPropagator()
_NOTHING: Final[AbstractContextManager[Any]] = nullcontext()


class _Present:
    """What this process traces with; none: it does not."""

    tracer: Tracer | None = None
    end: Callable[[], None] | None = None


def begin_tracing(service: str, environment: Mapping[str, str] = os.environ) -> bool:
    """Trace from now on, if the environment names who collects it; tells whether it does."""
    if not any(environment.get(it) for it in ENDPOINTS):
        return False
    # A third of a second of every start, and much memory, that whoever traces nothing is spared.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource.create({SERVICE_NAME: f"ampledger-{service}"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    _Present.end = provider.shutdown
    _Present.tracer = provider.get_tracer("ampledger")
    return True


def is_on() -> bool:
    """Tell whether this process traces: what costs something to be found out is asked for only then."""
    return _Present.tracer is not None


def end_tracing() -> None:
    """Hand over what was traced last."""
    if _Present.end is not None:
        _Present.end()
        _Present.end = _Present.tracer = None


def begin(name: str) -> Span | None:
    """Begin a trace whose end comes elsewhere: whoever has it calls `end`. None while nothing is traced."""
    tracer = _Present.tracer
    return None if tracer is None else tracer.start_span(name)


def within(span: Span | None) -> AbstractContextManager[Any]:
    """Do something as a part of what was begun, and not end it."""
    return _NOTHING if span is None else use_span(span, end_on_exit=False)


def root(name: str) -> AbstractContextManager[Any]:
    """Begin a trace."""
    tracer = _Present.tracer
    return _NOTHING if tracer is None else tracer.start_as_current_span(name)


def child(name: str) -> AbstractContextManager[Any]:
    """Trace a part of what is traced at present; nothing if nothing is."""
    tracer = _Present.tracer
    if tracer is None or not trace.get_current_span().is_recording():
        return _NOTHING
    return tracer.start_as_current_span(name)


def following(traceparent: str | None, name: str) -> AbstractContextManager[Any]:
    """
    Trace a part of what somebody else has begun.

    Args:
        traceparent: as they have handed it on; none: nothing is traced.
        name: of the part.
    """
    tracer = _Present.tracer
    if tracer is None or traceparent is None:
        return _NOTHING
    return tracer.start_as_current_span(name, context=_SPREAD.extract({HEADER: traceparent}))


def traceparent() -> str | None:
    """Spell what is traced at present, for whoever goes on with it; none if nothing is."""
    if _Present.tracer is None:
        return None
    span = trace.get_current_span()
    if not span.is_recording():
        return None
    at = span.get_span_context()
    return f"00-{at.trace_id:032x}-{at.span_id:016x}-01"


def headers() -> dict[str, str]:
    """Spell what is traced at present as NATS headers."""
    present = traceparent()
    return {} if present is None else {HEADER: present}


def handed_on(headers: Mapping[str, str] | None) -> str | None:
    """Read what was handed on with a message."""
    return None if not headers else headers.get(HEADER)


def rename(name: str) -> None:
    """Name what is traced at present anew, once it is known what it is."""
    if _Present.tracer is not None:
        trace.get_current_span().update_name(name)


def add_trace(_: object, __: str, line: dict[str, Any]) -> dict[str, Any]:
    """Have a line of a log say in which trace it was written; for structlog."""
    at = trace.get_current_span().get_span_context()
    if at.is_valid:
        line["trace_id"] = f"{at.trace_id:032x}"
    return line
