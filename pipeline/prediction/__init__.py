"""`agelens predict`: reads photographs, writes a table, JSON, CSV or annotated copies."""
