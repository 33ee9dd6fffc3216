"""`python -m services.installation`."""

from services.installation.app import main

main()
