"""
What a signed value says, and whether its signature is good: the Open Charge Metering Format (OCMF).

Anything may be in a value: it comes from a charger as it is. What cannot be read here is given out all the
same, for software that can.
"""

import base64
import binascii
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

from pyocmf import OCMF
from pyocmf.enums.reading import MeterReadingReason
from pyocmf.exceptions import SignatureVerificationError

OCMF_BEGINS: Final = "OCMF|"
_UNITS_WH: Final = {"WH": Decimal(1), "KWH": Decimal(1000)}


class Verdict(StrEnum):
    """Whether a signature is good."""

    VALID = "valid"
    INVALID = "invalid"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True, slots=True)
class Told:
    """
    One reading within a value.

    Args:
        at: when, by the meter's clock.
        clock: what is known of that clock (S: it was synchronised).
        reason: why it was read (B: a session begins, E and others: it ends, C: it goes on).
        register: which one (OBIS).
        value_wh: what it showed; none if it is no energy.
        step_wh: the finest difference that the number shows.
        status: of the meter (G: all is well).
    """

    at: datetime
    clock: str
    reason: str | None
    register: str | None
    value_wh: Decimal | None
    step_wh: Decimal
    status: str | None

    @property
    def begins(self) -> bool:
        """A session begins with it."""
        return self.reason == MeterReadingReason.BEGIN

    @property
    def ends(self) -> bool:
        """A session ends with it."""
        return isinstance(self.reason, MeterReadingReason) and self.reason.is_end_reading()


@dataclass(frozen=True, slots=True)
class Opened:
    """
    A value, as far as it can be read.

    Args:
        verdict: whether its signature is good.
        why: why it was not checked, or cannot be read; empty if there is nothing to say.
        meter: whose it is: vendor, model and serial number.
        readings: what it says.
    """

    verdict: Verdict
    why: str = ""
    meter: str = ""
    readings: tuple[Told, ...] = ()


def plain(text: str) -> str:
    """
    Write a value as OCMF where it is so in Base64, as OCPP 2 has it; anything else as it is.

    >>> plain(base64.b64encode(b"OCMF|{}|{}").decode()), plain("<xml>")
    ('OCMF|{}|{}', '<xml>')
    """
    try:
        decoded = base64.b64decode(text, validate=True).decode()
    except (binascii.Error, ValueError):
        return text
    return decoded if decoded.startswith(OCMF_BEGINS) else text


def opened(text: str, public_key: str | None) -> Opened:
    """
    Read a value, and check its signature if a key is known.

    Args:
        text: as it was received.
        public_key: of the meter, DER in hexadecimal digits or Base64; none: the one in the value, if any.
    """
    content = plain(text)
    if not content.lstrip().startswith(OCMF_BEGINS):
        return Opened(Verdict.NOT_CHECKED, "it is no OCMF; other software may read it")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # what deviates from the format is read all the same
            value = OCMF.from_string(content)
    except Exception as fault:  # whatever a charger sends; the reason is told
        return Opened(Verdict.NOT_CHECKED, f"it cannot be read: {type(fault).__name__}")
    verdict, why = _judged(value, public_key or value.embedded_public_key)
    said = value.payload
    meter = " ".join(it for it in (said.MV, said.MM, said.MS or said.GS) if it)
    readings = tuple(
        Told(
            at=it.timestamp if it.timestamp.tzinfo else it.timestamp.replace(tzinfo=UTC),
            clock=str(it.time_status),
            reason=it.TX,
            register=None if it.RI is None else str(it.RI),
            value_wh=_energy_wh(it.RV, it.RU),
            step_wh=_step_wh(it.RV, it.RU),
            status=None if it.ST is None else str(it.ST),
        )
        for it in said.RD
    )
    return Opened(verdict, why, meter, readings)


def _judged(value: OCMF, public_key: str | None) -> tuple[Verdict, str]:
    if public_key is None:
        return Verdict.NOT_CHECKED, "the meter's public key is not known"
    try:
        good = value.verify_signature(public_key)
    except SignatureVerificationError as fault:
        return Verdict.NOT_CHECKED, str(fault)
    return (Verdict.VALID, "") if good else (Verdict.INVALID, "")


def _energy_wh(number: Decimal | None, unit: object) -> Decimal | None:
    factor = _UNITS_WH.get(str(unit).upper())
    return None if number is None or factor is None else number * factor


def _step_wh(number: Decimal | None, unit: object) -> Decimal:
    exponent = 0 if number is None else number.as_tuple().exponent
    factor = _UNITS_WH.get(str(unit).upper(), Decimal(1))
    return factor.scaleb(exponent) if isinstance(exponent, int) else factor
