"""`python -m pipeline` is `agelens`."""

from pipeline.cli import main

main()
