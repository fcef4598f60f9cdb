"""The embedded files that are used unless told otherwise: the face detector and the age model."""

from pathlib import Path

EMBEDDED = Path(__file__).parent / "embedded"

DETECTOR_RUNTIME = EMBEDDED / "face_detector.xml"
"""YOLOv8n-face as OpenVINO reads it, exported from `DETECTOR_TORCH`; its weights lie beside it as `.bin`."""

DETECTOR_TORCH = EMBEDDED / "face_detector.pt"
"""The same detector as ultralytics trained it."""

AGE_MODEL = EMBEDDED / "age_model"
"""Folder of the embedded age model: the network and its `model.json`."""
