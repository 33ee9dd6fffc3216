"""
OCPP 2.0.1 and 2.1: how they say what chargers say, and what they are told.

dialect: where all meets. hearing: requests of chargers; transactions, events and meter_values: what is in
those. answers: what they are answered. words: states and reasons in the words used inside.
telling: requests to chargers; limiting and variables: those that take more than one. profiles, settings
and device_model: what is in those.
"""

from services.telemetry.ocpp2.dialect import OCPP_21, OCPP_201

__all__ = ["OCPP_21", "OCPP_201"]
