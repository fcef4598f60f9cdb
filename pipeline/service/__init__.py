"""`agelens serve`: ages over HTTP."""
