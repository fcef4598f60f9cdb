"""Paths of the bundled models: the face detector and the age model that are used by default."""

from pathlib import Path

EMBEDDED = Path(__file__).parent / "embedded"

DETECTOR_RUNTIME = EMBEDDED / "face_detector.xml"
"""YOLOv8n-face as an OpenVINO model, exported from `DETECTOR_TORCH`; its weights are in the `.bin` beside it."""

DETECTOR_TORCH = EMBEDDED / "face_detector.pt"
"""The same detector as an ultralytics checkpoint."""

POINT_LOCATOR = EMBEDDED / "face_points.xml"
"""The network that locates the five points of a face in its crop, as OpenVINO reads it."""

AGE_MODEL = EMBEDDED / "age_model"
"""Folder of the bundled age model: the OpenVINO network and its model card, `model.json`."""
