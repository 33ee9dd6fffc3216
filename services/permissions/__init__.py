"""Owns people, and what they may do: invitations, roles, groups, charge cards, sign-in."""
