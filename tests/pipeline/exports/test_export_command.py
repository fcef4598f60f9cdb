"""`agelens export` on a small project and on exported models."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from agelens.data_prep.core.atomic import write_json
from agelens.data_prep.core.images import write_jpeg
from agelens.data_prep.synthetic.photo import make_detector_examples
from agelens.models.network.age_net import average_with_mirror_image
from agelens.models.network.saving import save_network
from agelens.models.serving.export import export_model
from agelens.pipeline.config.lineage import KEY, lineage_of
from tests.models.exports.small_exports import CARD
from tests.models.small_networks import build_tiny_age_net, noise_crops, outputs_of
from tests.pipeline.conftest import Command
from tests.pipeline.small_project import SmallProject, make_small_project

AGES = [5.0, 20.0, 35.0, 50.0, 70.0, 90.0]


def finish(project: SmallProject, *, mirrored: bool) -> None:
    """Write what the stages `train`, `calibrate` and `export` write."""
    paths = project.paths
    project.params(model={"flip_average": mirrored, "attributes": ["gender"]})
    network = build_tiny_age_net(attributes=("gender",))
    save_network(network, paths.age_net)
    write_json(paths.calibration, CARD.calibration.to_json())
    card = replace(CARD, facts={**CARD.facts, KEY: lineage_of(network=paths.age_net, calibration=paths.calibration)})
    served = average_with_mirror_image(network) if mirrored else network
    crops = noise_crops(4)
    export_model(served, card, folder=paths.exported, crops=crops, expected=outputs_of(served, crops))


@pytest.fixture
def finished(folder: Path) -> SmallProject:
    project = make_small_project(folder)
    finish(project, mirrored=True)
    return project


def one_line(error: str) -> str:
    assert error.startswith("agelens: ")
    assert error.count("\n") == 1
    return error


def test_a_project_is_exported_and_a_second_export_replaces_the_first(
    finished: SmallProject, folder: Path, agelens: Command
) -> None:
    for _ in range(2):
        status, out, err = agelens("export", "--to", "keras", "--to", "openvino", "--out", "formats", "--json")
        assert status == 0, err
    exports = json.loads(out)["exports"]
    assert [content["folder"] for content in exports] == ["formats/keras", "formats/openvino"]
    assert sorted(path.name for path in (folder / "formats/openvino").iterdir()) == [
        "age_model.bin",
        "age_model.xml",
        "export.json",
    ]
    for content in exports:
        assert content["comparison"]["faces"] == "validation split of the project"
        assert content["comparison"]["crops"] == content["comparison"]["with_true_age"] == len(AGES)
        assert content["in_the_graph"]["mirror_average"] is True
        assert content["lineage"] == lineage_of(network=finished.paths.age_net, calibration=finished.paths.calibration)


def test_the_table_shows_size_differences_and_speed(finished: SmallProject, agelens: Command) -> None:
    status, out, err = agelens("export", "--to", "keras")
    assert status == 0
    title, row = out.splitlines()
    assert title.split()[:2] == ["format", "MB"]
    assert row.split()[0] == "keras"
    assert "over 6 crops (validation split of the project)" in err
    assert "below exports" in err
    assert "licence: AGPL-3.0-or-later" in err


def test_a_format_that_fails_is_one_line_and_the_others_are_written(
    finished: SmallProject, folder: Path, agelens: Command
) -> None:
    status, out, err = agelens("export", "--to", "litert-int8", "--to", "keras", "--json")
    assert status == 1
    found = json.loads(out)
    assert [content["kind"] for content in found["exports"]] == ["keras"]
    assert found["failed"]["litert-int8"].startswith("litert-int8 needs at least 20 faces")
    assert "agelens: litert-int8 needs at least 20 faces" in err
    assert [path.name for path in (folder / "exports").iterdir()] == ["keras"]


def test_an_exported_model_is_exported_from_its_openvino_network(finished: SmallProject, agelens: Command) -> None:
    status, out, err = agelens("export", "--to", "keras", "--model", "weights/exported", "--json")
    assert status == 0, err
    (content,) = json.loads(out)["exports"]
    assert content["in_the_graph"]["mirror_average"] is True
    assert content["outputs"]["gender"]["classes"] == ["female", "male"]


def test_the_bundled_model_is_compared_on_the_faces_of_photographs(folder: Path, agelens: Command) -> None:
    for number, (photo, _) in enumerate(make_detector_examples(6, seed=1)):
        write_jpeg(folder / f"photos/{number}.jpg", photo)
    (folder / "photos/broken.jpg").write_bytes(b"no image")
    status, out, err = agelens("export", "--to", "keras", "--model", "bundled", "--images", "photos", "--json")
    assert status == 0, err
    (content,) = json.loads(out)["exports"]
    assert content["comparison"]["faces"] == "photographs named with --images"
    assert content["comparison"]["crops"] >= 2
    assert content["comparison"]["with_true_age"] == 0
    assert "mae_loss" not in content["comparison"]["mean_differences"]
    assert set(content["inputs"]["image"]["points"]) == {"eye1", "eye2", "nose", "mouth1", "mouth2"}
    eyes = [content["inputs"]["image"]["points"][name] for name in ("eye1", "eye2")]
    np.testing.assert_allclose(eyes, [[55.82, 55.07], [121.68, 55.07]])


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], "or be given a model. There is no params.yaml here. Add --model bundled"),
        (["--model", "bundled"], "name photographs with --images FOLDER"),
        (["--model", "nowhere"], "nowhere is not an exported model"),
        (["--model", "bundled", "--images", "empty"], "Found none in 0 files of empty"),
    ],
)
def test_what_is_missing_is_one_line(words: list[str], expected: str, folder: Path, agelens: Command) -> None:
    (folder / "empty").mkdir()
    status, out, err = agelens("export", "--to", "keras", *words)
    assert (status, out) == (1, "")
    assert expected in one_line(err[err.index("agelens: ") :])


def test_states_that_do_not_belong_together_are_refused(finished: SmallProject, folder: Path, agelens: Command) -> None:
    paths = finished.paths
    write_json(paths.calibration, {**CARD.calibration.to_json(), "coverage": 0.8})
    status, _, err = agelens("export", "--to", "keras")
    assert status == 1
    assert "run `dvc repro export`" in one_line(err)

    content = paths.age_net.read_bytes()
    paths.age_net.write_bytes(content[: len(content) // 2])
    _, _, err = agelens("export", "--to", "keras")
    assert "age_net.keras is damaged" in one_line(err)
    paths.age_net.unlink()
    _, _, err = agelens("export", "--to", "keras")
    assert "run `dvc repro train`" in one_line(err)

    binary = paths.exported / "age_net.bin"
    binary.write_bytes(bytes([binary.read_bytes()[0] ^ 1]) + binary.read_bytes()[1:])
    _, _, err = agelens("export", "--to", "keras", "--model", "weights/exported")
    assert "age_net.bin is not the file that was exported" in one_line(err)
    assert not (folder / "exports").exists()


def test_a_folder_of_the_user_is_refused_before_anything_is_computed(folder: Path, agelens: Command) -> None:
    (folder / "exports/keras").mkdir(parents=True)
    (folder / "exports/keras/notes.txt").write_text("mine")
    status, _, err = agelens("export", "--to", "keras", "--model", "nowhere")
    assert status == 1
    assert "exports/keras must be absent" in one_line(err)


def test_an_unknown_format_is_wrong_usage(folder: Path, agelens: Command) -> None:
    status, _, err = agelens("export", "--to", "caffe")
    assert status == 2
    assert "caffe" in err
