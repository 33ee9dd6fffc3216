"""
Firmware: what every charger runs, and telling chargers to fetch other firmware.

versions  what chargers run and how far they are, as it is shown
pages     the page, and its form
"""
