"""From crops to batches of augmented views."""
