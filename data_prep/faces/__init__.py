"""From photographs to face crops: detection, cropping, and the crop stage's engines."""
