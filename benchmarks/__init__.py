"""One script per table of the README: it prints the table, ends with the figure that matters, and writes JSON."""
