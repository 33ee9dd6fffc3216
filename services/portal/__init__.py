"""
Shows what happens in an installation: pages, a live picture, a small HTTP API.

Takes      nothing
Announces  nothing: it owns nothing and decides nothing
Listens to installation, telemetry and balancer events; MeterReading and SiteBalance
           as they come.
"""
