"""
OCPP 1.6J: how it says what chargers say, and what they are told.

dialect: where both meet. hearing: requests of chargers, and answers to them, with meter_values.
telling: requests to chargers, with profiles and settings. upkeep: those about their hardware, with kept
(what is not changed that way).
"""

from services.telemetry.ocpp16.dialect import OCPP_16

__all__ = ["OCPP_16"]
