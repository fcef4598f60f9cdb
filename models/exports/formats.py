"""The export formats: how each is written and read back, and how far it may be from the model."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agelens.data_prep.core.images import Pixels
from agelens.models.exports import litert_format, onnx_format, openvino_format, tensorflow_formats
from agelens.models.exports.comparison import FLOAT_LIMITS, INT8_LIMITS, Limits
from agelens.models.exports.format_names import FormatName
from agelens.models.exports.tensorflow_formats import ENCODED_INPUT, Outputs

Runner = Callable[[Pixels], Outputs]
"""From views `uint8 (B, S, S, 3)` RGB to outputs by name."""


@dataclass(frozen=True)
class ExportFormat:
    """One file format.

    Args:
        target: Name of the file, or of the folder, that is written.
        write: Writes a calibrated network; the views are for formats that measure the ranges of activations.
        open: Reads it back in the format's own runtime.
        one_view: The graph takes one view at a time.
        limits: How far its outputs may be from those of the model.
        usage: Python code that computes the outputs.
    """

    target: str
    write: Callable[[Any, Path, Pixels], None]
    open: Callable[[Path], Runner]
    one_view: bool
    limits: Limits
    usage: str


LITERT_USAGE = (
    "runner = ai_edge_litert.interpreter.Interpreter('{target}').get_signature_runner('serve'); "
    "outputs = runner(image=view[None])"
)

FORMATS: dict[FormatName, ExportFormat] = {
    FormatName.KERAS: ExportFormat(
        target="age_model.keras",
        write=lambda network, path, _: tensorflow_formats.write_keras(network, path),
        open=tensorflow_formats.KerasFile,
        one_view=False,
        limits=FLOAT_LIMITS,
        usage="outputs = keras.saving.load_model('{target}').predict(views)",
    ),
    FormatName.SAVED_MODEL: ExportFormat(
        target="age_model",
        write=lambda network, path, _: tensorflow_formats.write_saved_model(network, path),
        open=tensorflow_formats.SavedModelFolder,
        one_view=False,
        limits=FLOAT_LIMITS,
        usage=(
            f"outputs = tf.saved_model.load('{{target}}').signatures['serving_default']({ENCODED_INPUT}="
            "tf.constant([open('view.jpg', 'rb').read()]))"
        ),
    ),
    FormatName.ONNX: ExportFormat(
        target="age_model.onnx",
        write=lambda network, path, _: onnx_format.write_onnx(network, path),
        open=onnx_format.OnnxFile,
        one_view=False,
        limits=FLOAT_LIMITS,
        usage="outputs = onnxruntime.InferenceSession('{target}').run(None, {{'image': views}})",
    ),
    FormatName.OPENVINO: ExportFormat(
        target="age_model.xml",
        write=lambda network, path, _: openvino_format.write_openvino(network, path),
        open=openvino_format.OpenVinoFile,
        one_view=False,
        limits=FLOAT_LIMITS,
        usage=(
            "outputs = openvino.compile_model('{target}', 'CPU', {{'INFERENCE_PRECISION_HINT': 'f32'}})(views)  # "
            "without f32, processors with bfloat16 use it, and ages change by more than the limit"
        ),
    ),
    FormatName.LITERT: ExportFormat(
        target="age_model.tflite",
        write=lambda network, path, _: litert_format.write_litert(network, path),
        open=litert_format.LiteRtFile,
        one_view=True,
        limits=FLOAT_LIMITS,
        usage=LITERT_USAGE,
    ),
    FormatName.LITERT_INT8: ExportFormat(
        target="age_model_int8.tflite",
        write=litert_format.write_litert_int8,
        open=litert_format.LiteRtFile,
        one_view=True,
        limits=INT8_LIMITS,
        usage=LITERT_USAGE,
    ),
}
