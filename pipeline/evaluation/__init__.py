"""Parts of the stage `evaluate` that predict more than the test split once."""
