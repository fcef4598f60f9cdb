"""The names of the export formats; no library is imported."""

from enum import StrEnum


class FormatName(StrEnum):
    """What `agelens export --to` accepts."""

    KERAS = "keras"
    SAVED_MODEL = "saved_model"
    ONNX = "onnx"
    OPENVINO = "openvino"
    LITERT = "litert"
    LITERT_INT8 = "litert-int8"
