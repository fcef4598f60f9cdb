"""Drawn faces that age: a person, a face at an age, its drawing, a photograph, a whole set."""
