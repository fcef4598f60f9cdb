"""The command `agelens`: `main` builds it, the other modules hold its subcommands."""
