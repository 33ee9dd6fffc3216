"""
The consumers by which the processes of telemetry take readings to keep them: one for each kind.

One consumer with a filter of two subjects would do, but the server (NATS 2.14) finds its next message
thirty times more slowly than with one.
"""

from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from shared import subjects
from shared.messages.telemetry import BreakerReading, MeterReading
from shared.pull import ACK_WAIT_S, BATCH_MAX
from shared.service_grants import READINGS_CONSUMERS


def readings_consumer(kind: type[MeterReading | BreakerReading]) -> ConsumerConfig:
    """Describe it: all pull from the same one, and each reading is acknowledged by itself."""
    return ConsumerConfig(
        durable_name=READINGS_CONSUMERS[kind],
        filter_subject=subjects.telemetry_all(kind),
        deliver_policy=DeliverPolicy.ALL,
        ack_policy=AckPolicy.EXPLICIT,
        ack_wait=ACK_WAIT_S,
        max_ack_pending=20 * BATCH_MAX,
        max_deliver=-1,
    )
