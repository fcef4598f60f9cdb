"""Exploration of the data: tables of the pipeline in, tables and figures out; nothing is changed or rejected."""
