"""
The past of an installation, and the tools of support.

telling        the human timeline: who, when, why, what changed: pure
trees          an installation at a moment, with what differs marked: pure
replay         a moment of the past, and what changed up to it: pure
history_pages  timeline and replay
lookup         what a serial number, an installation or an address leads to: pure
serials        a serial number's story, as it is shown: pure
lookup_pages   the lookup, a serial's page, and unlocking it
pages          all of their routes
"""
