"""Model weights: a registry of published files, the bundled models, and the folders of trained and exported ones."""
