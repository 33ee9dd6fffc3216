"""
The hardware of chargers: `ampledger charger restart|unlock|availability|…`.

    hardware.py     what it does: restart, unlock, in and out of use, say something
    settings.py     its configuration, its vendor's own data, how securely it connects
    reservation.py  for whom it is kept
    records.py      its diagnostics, and other firmware
    roots.py        `charger certificate install|installed|delete`: what it trusts
    asking.py       which charger is meant; a wish is sent, and what came of it told
"""

from typing import Final

import typer

from cli.upkeep import hardware, records, reservation, roots, settings

upkeep: Final = typer.Typer()
for part in (hardware, settings, reservation, records):
    upkeep.add_typer(part.app)

certificate = roots.app

__all__ = ["certificate", "upkeep"]
