"""A meter that signs what it shows, as OCMF has it."""

import json
from datetime import datetime

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

REGISTER = "01-00:B2.08.00*FF"


class SigningMeter:
    """One meter, with a key of its own."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())

    @property
    def public_key(self) -> str:
        """DER, in hexadecimal digits."""
        return (
            self._key.public_key()
            .public_bytes(
                serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
            )
            .hex()
        )

    def value(self, *shown: tuple[str, datetime, float], card: str = "04A1B2C3D4E5F6") -> str:
        """Sign readings: the reason for each (B, C, E …), when, and the register in kilowatt-hours."""
        payload = json.dumps(
            {
                "FV": "1.0",
                "GI": "SIM",
                "PG": "T12",
                "MV": "Simulated",
                "MM": "M1",
                "MS": "1ABC0001",
                "IS": True,
                "IL": "VERIFIED",
                "IF": ["RFID_PLAIN"],
                "IT": "ISO14443",
                "ID": card,
                "RD": [
                    {
                        "TM": f"{at:%Y-%m-%dT%H:%M:%S},000+0000 S",
                        "TX": reason,
                        "RV": kwh,
                        "RI": REGISTER,
                        "RU": "kWh",
                        "RT": "AC",
                        "EF": "",
                        "ST": "G",
                    }
                    for reason, at, kwh in shown
                ],
            }
        )
        signature = self._key.sign(payload.encode(), ec.ECDSA(hashes.SHA256())).hex()
        signed = json.dumps({"SA": "ECDSA-secp256r1-SHA256", "SD": signature})
        return f"OCMF|{payload}|{signed}"
