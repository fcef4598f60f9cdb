"""params.yaml, file paths, and fingerprints of both."""
