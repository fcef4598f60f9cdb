"""`agelens protocol`: cross-validation of one source."""
