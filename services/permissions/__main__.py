"""`python -m services.permissions`."""

from services.permissions.app import main

main()
