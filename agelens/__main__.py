"""`python -m agelens` is the command `agelens`."""

from agelens.pipeline.commands.main import main

main()
