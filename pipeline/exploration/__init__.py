"""The page of the exploration of the data."""
