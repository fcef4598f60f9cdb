"""The command `agelens`: one module per group of subcommands."""
