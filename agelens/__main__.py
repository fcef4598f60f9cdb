"""`python -m agelens` is the command `agelens`."""

import sys

try:
    from agelens.pipeline.commands.main import main
except ModuleNotFoundError as error:
    if error.name is None or error.name.partition(".")[0] == "agelens":
        raise
    sys.exit(f"agelens: {sys.executable} does not have {error.name}; activate the environment: . .venv/bin/activate")

main()
