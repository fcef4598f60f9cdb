"""The detector and the engine that the crop stage runs on this machine."""
