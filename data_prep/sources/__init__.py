"""The manifest of labelled photographs, and access to photographs in folders and at addresses."""
