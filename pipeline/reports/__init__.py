"""Plots, contact sheets and HTML pages, drawn from the files that stages leave."""
