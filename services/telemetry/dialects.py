"""The versions of OCPP that the gateway speaks, the one it likes best first."""

from collections.abc import Mapping, Sequence
from typing import Final

from websockets.typing import Subprotocol

from services.telemetry.dialect import Dialect
from services.telemetry.ocpp2 import OCPP_21, OCPP_201
from services.telemetry.ocpp16 import OCPP_16

DIALECTS: Final[tuple[Dialect, ...]] = (OCPP_21, OCPP_201, OCPP_16)
SUBPROTOCOLS: Final = tuple(Subprotocol(it.subprotocol) for it in DIALECTS)
BY_SUBPROTOCOL: Final[Mapping[str, Dialect]] = {it.subprotocol: it for it in DIALECTS}


def chosen(offered: Sequence[Subprotocol]) -> Subprotocol | None:
    """
    Choose among the versions that a charger offers; none if it offers none of ours.

    >>> chosen([Subprotocol("ocpp1.5"), Subprotocol("ocpp1.6")])
    'ocpp1.6'
    >>> chosen([Subprotocol("ocpp1.6"), Subprotocol("ocpp2.0.1")])
    'ocpp2.0.1'
    """
    return next((it for it in SUBPROTOCOLS if it in offered), None)
