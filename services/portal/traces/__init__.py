"""
How currents went: the last quarter of an hour as it was heard, and the last days minute by minute.

Traces are pictures for people, kept by the portal itself; logs and reports do without them.
"""
