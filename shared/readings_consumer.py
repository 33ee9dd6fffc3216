"""The consumer by which the processes of telemetry take readings to keep them."""

from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from shared import subjects
from shared.messages.telemetry import BreakerReading, MeterReading
from shared.pull import ACK_WAIT_S, BATCH_MAX
from shared.service_grants import READINGS_CONSUMER


def readings_consumer() -> ConsumerConfig:
    """Describe it: all pull from the same one, and each reading is acknowledged by itself."""
    return ConsumerConfig(
        durable_name=READINGS_CONSUMER,
        filter_subjects=[subjects.telemetry_all(it) for it in (MeterReading, BreakerReading)],
        deliver_policy=DeliverPolicy.ALL,
        ack_policy=AckPolicy.EXPLICIT,
        ack_wait=ACK_WAIT_S,
        max_ack_pending=20 * BATCH_MAX,
        max_deliver=-1,
    )
