"""The report of an evaluation: its charts, its cases, its comparison with the run before, and the page."""
