"""Callers that do one thing after another, and how fast they all were together."""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

WARM_UP_S = 0.3


@dataclass(frozen=True, slots=True)
class Rate:
    """How many a second, and how long each took."""

    per_s: float
    p50_ms: float
    p99_ms: float


async def rate_of(
    act: Callable[[int, int], Awaitable[object]], callers: int, seconds: float
) -> Rate:
    """
    Let callers act again and again, each waiting for its own answer; a while before counting.

    Args:
        act: given the number of the caller and of the act, from 0.
        callers: how many at once.
        seconds: for how long.
    """
    latencies_s: list[float] = []
    began_s = time.perf_counter() + WARM_UP_S
    end_s = began_s + seconds

    async def call(caller: int) -> None:
        number = 0
        while (asked_s := time.perf_counter()) < end_s:
            await act(caller, number)
            answered_s = time.perf_counter()
            number += 1
            if began_s <= answered_s <= end_s:
                latencies_s.append(answered_s - asked_s)

    await asyncio.gather(*(call(number) for number in range(callers)))
    return rate(latencies_s, seconds)


def rate(latencies_s: Sequence[float], seconds: float) -> Rate:
    """Summarize what was measured in so many seconds."""
    if not latencies_s:
        raise ValueError(f"nothing was done within {seconds} s; measure for longer")
    return Rate(
        len(latencies_s) / seconds, *(quantile(latencies_s, it) * 1e3 for it in (50, 99))
    )


def quantile(values: Sequence[float], percent: int) -> float:
    """
    Name the value that so many per cent do not exceed.

    >>> quantile([1.0, 2.0, 3.0, 4.0, 5.0], 50), quantile([7.0], 99)
    (3.0, 7.0)
    """
    if len(values) == 1:
        return values[0]
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def median_rate(rates: Sequence[Rate]) -> Rate:
    """Take the median of repetitions, figure by figure."""
    return Rate(
        statistics.median(it.per_s for it in rates),
        statistics.median(it.p50_ms for it in rates),
        statistics.median(it.p99_ms for it in rates),
    )
