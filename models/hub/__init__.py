"""Models on the Hugging Face Hub: where they are, how they are loaded, and the repository that is published."""
