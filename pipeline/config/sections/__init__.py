"""The sections of params.yaml, one class each, with the types, limits and defaults of their settings."""
