"""Lines of a log: one JSON object each, on standard output, with the service and what belongs together."""

import io
import logging
import sys
from typing import Any, Literal

import orjson
import structlog

from shared.tracing import add_trace

LogFormat = Literal["json", "console"]


def configure_logging(service: str, log_format: LogFormat, *, traced: bool = False) -> None:
    """Write structured lines to standard output, each with the service, its context, and the trace."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # a killed process leaves its last words
    renderer: Any = (
        structlog.processors.JSONRenderer(
            serializer=lambda it, **_: orjson.dumps(it, default=str).decode()
        )
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty())
    )
    shared_processors: list[Any] = [
        structlog.contextvars.merge_contextvars,
        *([add_trace] if traced else []),
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    if log_format == "json":
        shared_processors.append(structlog.processors.format_exc_info)
    structlog.configure(
        processors=[*shared_processors, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stdout),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)
