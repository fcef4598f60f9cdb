"""Training, evaluation and export of the face detector."""
