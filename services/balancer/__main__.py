"""`python -m services.balancer`."""

from services.balancer.app import main

main()
