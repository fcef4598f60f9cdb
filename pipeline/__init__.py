"""The stages and commands: the only package that knows params.yaml, file paths, argv and W&B."""
