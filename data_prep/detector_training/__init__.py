"""Training, blending, exporting and scoring the face detector."""
