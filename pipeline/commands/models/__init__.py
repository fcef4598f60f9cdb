"""Commands that work on a trained or exported model."""
