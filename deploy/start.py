"""What a container does: the service that its image is of, or the operator's command with its arguments."""

import os
import runpy
import sys

SERVICE = os.environ["AMPLEDGER_SERVICE"]
if SERVICE == "cli":
    sys.argv[0] = "ampledger"
    from cli.app import main

    main()
else:
    runpy.run_module(f"services.{SERVICE}", run_name="__main__", alter_sys=True)
