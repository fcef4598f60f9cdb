"""The face detector and the engine of the stage `crop_faces`, as params.yaml and the machine determine them."""
