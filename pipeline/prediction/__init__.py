"""`agelens predict`: files in; tables, JSON, CSV and annotated copies out."""
