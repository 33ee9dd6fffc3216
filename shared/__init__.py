"""The published language of the services, and the plumbing they all stand on."""
