"""A driver's own page: my car now, where I may charge, and what I have charged."""
