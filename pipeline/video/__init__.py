"""`agelens video` and `agelens webcam`: one age for each person of a video."""
