"""Synthetic portraits with exact ages, for demonstrations and tests."""
