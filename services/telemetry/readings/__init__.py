"""
Readings that last: single ones for days, quarters of an hour for years, in tables of telemetry's own.

Pure: quarters (what the readings of a quarter of an hour say together), rows (a reading as it is kept).
Shells: taking (from the jetstream), keeping (into tables), summing (quarters, once they are over, and again
when readings come late), ageing (what is over its time goes), asking (what others may know of them).
"""
