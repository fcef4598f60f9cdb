"""Every format returns what the model predicts, with its calibration, or is not written."""

import hashlib
import importlib.util
import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agelens.data_prep.core.errors import DataError, ParamsError
from agelens.data_prep.core.images import encode_jpeg
from agelens.models.exports.comparison import FLOAT_LIMITS
from agelens.models.exports.export import write_export
from agelens.models.exports.format_names import FormatName
from agelens.models.exports.formats import FORMATS
from agelens.models.exports.tensorflow_formats import SavedModelFolder, encode_png
from tests.models.exports.small_exports import CARD, SmallExport, make_small_export

OUTPUTS = {"age", "age_low", "age_high", "age_group", "age_group_probabilities", "age_distribution", "gender"}


@pytest.fixture(scope="module")
def small() -> SmallExport:
    return make_small_export()


def export(small: SmallExport, name: FormatName, folder: Path, **changes: Any) -> dict[str, Any]:
    expected = changes.pop("expected", small.expected)
    faces = replace(small.faces, **changes)
    return write_export(name, small.network, CARD, folder=folder, faces=faces, expected=expected, mirror_average=True)


@pytest.mark.parametrize("name", FormatName)
def test_every_format_is_written_described_and_read_back(name: FormatName, small: SmallExport, tmp_path: Path) -> None:
    if name is FormatName.ONNX and not all(map(importlib.util.find_spec, ("tf2onnx", "onnxruntime"))):
        pytest.skip("the extra onnx is not installed")
    folder = tmp_path / "exports" / name
    content = export(small, name, folder)
    assert json.loads((folder / "export.json").read_text(encoding="utf-8")) == content
    assert [path.name for path in folder.parent.iterdir()] == [name]

    form, views = FORMATS[name], small.faces.views
    run = form.open(folder / form.target)
    parts = [run(view[None]) for view in views] if form.one_view else [run(views)]
    found = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
    assert found.keys() == OUTPUTS == content["outputs"].keys()
    exact = name is not FormatName.LITERT_INT8
    for key, output in found.items():
        assert output.dtype == (np.int32 if key == "age_group" else np.float32)
        assert list(output.shape[1:]) == content["outputs"][key]["shape"][1:]
        gaps = np.abs(output - small.expected[key])
        assert gaps.mean() <= (0.03 if exact else 0.5), key
    assert (found["age_low"] < found["age"]).all()
    assert (found["age"] < found["age_high"]).all()

    measured = content["comparison"]
    assert (measured["crops"], measured["with_true_age"], measured["faces"]) == (24, 24, "noise")
    assert measured["mean_differences"].keys() == {*OUTPUTS, "mae_loss"} == measured["limits"].keys()
    assert content["views_per_second"] > 0
    assert content["licence"] == "AGPL-3.0-or-later"
    assert content["outputs"]["gender"]["classes"] == ["female", "male"]
    assert content["in_the_graph"]["mirror_average"] is True
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert files == {"export.json", *content["files"]}
    for path, recorded in content["files"].items():
        assert hashlib.sha256((folder / path).read_bytes()).hexdigest() == recorded["sha256"]


def test_a_keras_file_needs_no_code_of_agelens(small: SmallExport, tmp_path: Path) -> None:
    export(small, FormatName.KERAS, tmp_path / "keras")
    with zipfile.ZipFile(tmp_path / "keras/age_model.keras") as saved:
        assert b"agelens" not in saved.read("config.json")


def test_a_saved_model_takes_jpeg_and_png_of_any_size(small: SmallExport, tmp_path: Path) -> None:
    export(small, FormatName.SAVED_MODEL, tmp_path / "tf")
    run = SavedModelFolder(tmp_path / "tf/age_model")
    flat = np.full((32, 32, 3), (200, 120, 40), dtype=np.uint8)
    large = np.full((50, 70, 3), (200, 120, 40), dtype=np.uint8)
    ages = run.predict_encoded([encode_png(flat), encode_jpeg(flat), encode_png(large), encode_jpeg(large)])["age"]
    plain = small.network(flat[None])["age"]
    np.testing.assert_allclose(ages, np.repeat(plain, 4, axis=0), atol=0.3)  # JPEG rounds a colour by one


def test_the_softmax_and_the_calibration_of_an_int8_file_are_float(small: SmallExport, tmp_path: Path) -> None:
    export(small, FormatName.LITERT_INT8, tmp_path / "int8")
    run = FORMATS[FormatName.LITERT_INT8].open(tmp_path / "int8/age_model_int8.tflite")
    found = run(small.faces.views[:1])
    np.testing.assert_allclose(found["age_distribution"].sum(), 1, atol=1e-5)
    steps = found["age_distribution"] * 512  # the mean of two int8 softmaxes would have steps of 1/512
    assert np.abs(steps - steps.round()).max() > 0.01


def test_an_int8_export_needs_faces_to_measure_ranges(small: SmallExport, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"^litert-int8 needs at least 20 faces .* Received: 19\."):
        export(small, FormatName.LITERT_INT8, tmp_path / "int8", range_views=small.faces.range_views[:19])


@pytest.mark.parametrize(
    ("output", "shift"), [("age", 0.06), ("age_low", 0.2), ("gender", 0.02), ("age_distribution", np.nan)]
)
def test_an_export_that_differs_is_not_written_and_the_earlier_one_stays(
    output: str, shift: float, small: SmallExport, tmp_path: Path
) -> None:
    folder = tmp_path / "keras"
    folder.mkdir()
    (folder / "export.json").write_text("an earlier export")
    wrong = {**small.expected, output: small.expected[output] + shift}
    with pytest.raises(DataError, match=f"^The keras export was not written: its {output} must differ"):
        export(small, FormatName.KERAS, folder, expected=wrong)
    assert (folder / "export.json").read_text() == "an earlier export"
    assert [path.name for path in tmp_path.iterdir()] == ["keras"]


def test_a_higher_mae_is_rejected(small: SmallExport, tmp_path: Path) -> None:
    ages = small.expected["age"]
    assert FLOAT_LIMITS.mae_loss == 0.05
    # All differences of ages are below their limit on average, but those of the faces with a true age are not.
    far = ages.copy()
    far[0] += 0.4
    true = np.full(24, np.nan)
    true[0] = far[0, 0] + 10
    with pytest.raises(DataError, match="its mae_loss must differ"):
        export(
            small,
            FormatName.KERAS,
            tmp_path / "keras",
            expected=dict(small.expected) | {"age": far},
            true_ages=true,
        )


def test_a_folder_with_other_files_is_never_replaced(small: SmallExport, tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"mine")
    with pytest.raises(ParamsError, match="must be absent, or a folder that an earlier export wrote"):
        export(small, FormatName.KERAS, tmp_path)
    with pytest.raises(ParamsError, match="must be absent, or a folder that an earlier export wrote"):
        export(small, FormatName.KERAS, tmp_path / "photo.jpg")
    with pytest.raises(ParamsError, match="cannot be written"):
        export(small, FormatName.KERAS, tmp_path / "photo.jpg/keras")
    assert (tmp_path / "photo.jpg").read_bytes() == b"mine"


def test_a_failure_of_a_converter_is_one_line_and_leaves_nothing(
    small: SmallExport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: Any) -> None:
        print("noise of a converter")  # noqa: T201
        message = "no kernel\nfor this operation"
        raise RuntimeError(message)

    monkeypatch.setitem(FORMATS, FormatName.KERAS, replace(FORMATS[FormatName.KERAS], write=fail))
    with pytest.raises(DataError) as caught:
        export(small, FormatName.KERAS, tmp_path / "keras")
    assert str(caught.value) == (
        "The installed versions cannot export this network to keras: no kernel for this operation. "
        "Choose another format."
    )
    assert list(tmp_path.iterdir()) == []
