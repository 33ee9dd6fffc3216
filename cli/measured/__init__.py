"""What chargers and meters have measured, as it was kept."""
