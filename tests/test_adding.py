"""docs/adding.md: its steps are made in a copy of the repository, where the new part then works."""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import pytest
import yaml

from agelens.data_prep.core.tables import SPLIT, write_table
from agelens.pipeline.config.paths import Paths
from tests.factories import split_rows
from tests.locations import ROOT

PACKAGES = ("data_prep", "models", "pipeline", "tuning", "weights")
COPIED = (
    *PACKAGES,
    ".dvc/plots",
    "agelens",
    "benchmarks",
    "params",
    "tests",
    "dvc.yaml",
    "params.yaml",
    "pyproject.toml",
)


@dataclass(frozen=True)
class Copy:
    """A copy of the repository's code and settings, from which Python imports `agelens`."""

    root: Path

    def insert(self, file: str, text: str, *, before: str) -> None:
        """Insert text before the only occurrence of another text."""
        content = (self.root / file).read_text(encoding="utf-8")
        assert content.count(before) == 1, f"{before!r} in {file}"
        (self.root / file).write_text(content.replace(before, text + before), encoding="utf-8")

    def append(self, file: str, text: str) -> None:
        with (self.root / file).open("a", encoding="utf-8") as opened:
            opened.write(text)

    def python(self, *words: str) -> str:
        """Run a module in the copy and return its output."""
        inherited = {name: value for name, value in os.environ.items() if name != "AGELENS_TREE"}
        ran = subprocess.run(
            [sys.executable, "-m", *words],
            cwd=self.root,
            env={**inherited, "PYTHONPATH": str(self.root), "WANDB_MODE": "disabled"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-1000:]
        return ran.stdout


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    ignored = shutil.ignore_patterns("__pycache__", "trained", "exported", "pretrained")
    for name in COPIED:
        source, target = ROOT / name, tmp_path / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=ignored)
        else:
            shutil.copyfile(source, target)
    for package in PACKAGES:
        (tmp_path / "agelens" / package).symlink_to(tmp_path / package)
    return Copy(tmp_path)


def steps(title: str) -> dict[str, str]:
    """Return the code of each numbered step of a section, by the file that the step names."""
    page = (ROOT / "docs/adding.md").read_text(encoding="utf-8")
    section = page.partition(f"## {title}\n")[2].partition("\n## ")[0]
    found = re.findall(r"^\d+\. `([^`]+)`.*?\n\n((?:   .*\n|\n)+)", section, flags=re.MULTILINE)
    return {file: re.sub(r"^```.*\n", "", dedent(block), flags=re.MULTILINE).rstrip() + "\n" for file, block in found}


SOURCE_IN_PARAMS = """
from agelens.data_prep.readers import READERS
from agelens.pipeline.config.params import Params
from tests.pipeline.demo_settings import changed


def test_the_source_and_its_option_reach_the_reader(tmp_path):
    (tmp_path / "ann_31.jpg").touch()
    params = Params.model_validate(changed("sources", {"album": {"path": tmp_path, "max_years": 30}}))
    source = params.sources["album"]
    (rejection,) = READERS[source.reader](source.path, **source.options)
    assert rejection.detail == "31 years; max_years is 30"
"""


@pytest.mark.slow
def test_a_source_takes_four_files(copy: Copy) -> None:
    code = steps("Add a source")
    assert len(code) <= 4
    reader, registry, test = (
        "data_prep/readers/album.py",
        "data_prep/readers/__init__.py",
        "tests/data_prep/readers/test_album.py",
    )
    for file in (reader, test):
        (copy.root / file).write_text(code.pop(file), encoding="utf-8")
    imported, entry = code.pop(registry).split("\n\n")
    copy.insert(registry, f"{imported}\n", before="from agelens.data_prep.readers.b3fd ")
    copy.insert(registry, entry, before='    "b3fd": ')
    row = code.pop("README.md")
    header = "| source | download | expected layout | labels |"
    assert header in (ROOT / "README.md").read_text(encoding="utf-8")
    assert row.count(" | ") == header.count(" | ")
    assert code == {}
    (copy.root / "tests/test_source_in_params.py").write_text(SOURCE_IN_PARAMS, encoding="utf-8")
    copy.python("pytest", "-q", "-p", "no:cacheprovider", test, "tests/test_source_in_params.py")


BACKBONE_IN_USE = """
import numpy as np

from agelens.models.network.backbones import BACKBONES, build_backbone, unfreeze
from agelens.models.network.batch_norm_folding import fold_batch_norms
from agelens.weights.registry import REGISTRY
from agelens.pipeline.config.params import Params
from tests.pipeline.demo_settings import changed


def test_the_backbone_is_built_unfrozen_folded_and_configured():
    assert Params.model_validate(changed("model.backbone", "mobilenet_v3")).model.backbone == "mobilenet_v3"
    backbone = build_backbone("mobilenet_v3", input_shape=(64, 64, 3), weights="none")
    assert backbone.output_shape == (None, 2, 2, 576)
    assert unfreeze(backbone, BACKBONES["mobilenet_v3"].unfreeze) > 0
    image = np.random.default_rng(0).uniform(0, 255, (1, 64, 64, 3)).astype("float32")
    np.testing.assert_allclose(fold_batch_norms(backbone)(image), backbone(image), atol=1e-4)
    assert BACKBONES["mobilenet_v3"].registry_name in REGISTRY
"""


@pytest.mark.slow
def test_a_backbone_takes_three_files(copy: Copy) -> None:
    code = steps("Add a backbone")
    assert len(code) <= 3
    backbones, fields, registry = (
        "models/network/backbones.py",
        "pipeline/config/sections/fields.py",
        "weights/registry.py",
    )
    builder, entry = code.pop(backbones).split("\n\n\n")
    copy.insert(backbones, f"{builder}\n\n\n", before="BACKBONES = {\n")
    copy.insert(backbones, entry, before='    "tiny": Backbone(')
    content = (copy.root / fields).read_text(encoding="utf-8")
    changed = re.sub(r"BackboneName = .*\n", code.pop(fields), content)
    assert changed != content
    (copy.root / fields).write_text(changed, encoding="utf-8")
    place = '        WeightsFile(\n            name="resnet50_imagenet",\n'
    copy.insert(registry, f"{code.pop(registry).rstrip()},\n", before=place)
    assert code == {}
    (copy.root / "tests/test_backbone_in_use.py").write_text(BACKBONE_IN_USE, encoding="utf-8")
    tests = ("tests/test_backbone_in_use.py", "tests/pipeline/config/test_from_section.py")
    copy.python("pytest", "-q", "-p", "no:cacheprovider", *tests)


ATTRIBUTE_IN_USE = """
import numpy as np

from agelens.models.evaluation.metrics import summarise
from agelens.models.evaluation.predictions_table import predictions_table
from agelens.models.evaluation.slices import by_slice
from agelens.models.serving.decoding import decode
from agelens.models.serving.predictions import face_predictions
from agelens.models.calibration.calibration import Calibration
from agelens.models.network.heads import build_head
from agelens.models.training.objective import compile_model, loss_weights_of, targets_of
from agelens.pipeline.config.params import Params
from agelens.pipeline.training.untuned_recipe import untuned_recipe
from tests.factories import FIVE_GROUPS, split_rows
from tests.pipeline.demo_settings import changed


def test_the_attribute_is_trained_evaluated_and_predicted():
    params = Params.model_validate(
        changed("model.attributes", ["glasses"]) | {"loss": changed("loss.attribute_weights", {"glasses": 0.2})["loss"]}
    )
    rows = split_rows(8).assign(glasses=["with", "without"] * 4)
    recipe = untuned_recipe(params)
    head = build_head(recipe.head, features=4, groups=5)
    compile_model(head, recipe.objective, optimizer="adam")
    features = np.random.default_rng(0).normal(size=(8, 4)).astype("float32")
    targets, weights = targets_of(rows, head.output), loss_weights_of(rows, head.output)
    assert targets["glasses"].tolist() == [1, 0] * 4
    head.fit(features, targets, sample_weight=weights, verbose=0)
    outputs = {name: np.asarray(output) for name, output in head(features).items()}
    decoded = decode(outputs, calibration=Calibration(0.9, (), (5.0,)), groups=FIVE_GROUPS)
    table = predictions_table(rows, decoded)
    assert 0 <= summarise(table)["glasses_accuracy"] <= 1
    assert set(by_slice(table, resamples=5).query("slice == 'glasses'")["value"]) == {"with", "without"}
    first = face_predictions(decoded, np.zeros((8, 4)), scores=np.ones(8), groups=FIVE_GROUPS)[0]
    assert first.attributes["glasses"] in {"with", "without"}
"""


@pytest.mark.slow
def test_an_attribute_takes_two_files(copy: Copy) -> None:
    code = steps("Add an attribute")
    assert len(code) <= 4
    labels = "data_prep/core/labels.py"
    copy.insert(labels, code.pop(labels), before='    "ethnicity": Attribute(')
    settings = yaml.safe_load(code.pop("params.yaml"))
    assert settings == {"attributes": ["glasses"], "attribute_weights": {"glasses": 0.2}}
    assert code == {}
    (copy.root / "tests/test_attribute_in_use.py").write_text(ATTRIBUTE_IN_USE, encoding="utf-8")
    copy.python("pytest", "-q", "-p", "no:cacheprovider", "tests/test_attribute_in_use.py")


SEARCH_KERNEL_L2 = """
import pytest

from agelens.pipeline.config.params import Params
from agelens.pipeline.search.search_space import space_of
from agelens.pipeline.training.untuned_recipe import untuned_recipe
from agelens.tuning.recipe import build_recipe
from agelens.tuning.space import Range
from tests.pipeline.demo_settings import changed


def test_the_setting_is_searched_and_has_an_effect():
    params = Params.model_validate(changed("tune.space.kernel_l2", {"low": 0.001, "high": 0.1, "log": True}))
    assert space_of(params)["kernel_l2"] == Range(0.001, 0.1, log=True)
    untuned = untuned_recipe(params)
    assert untuned.settings()["kernel_l2"] == 0.0
    tuned = untuned.with_settings({"kernel_l2": 0.05})
    heads = [build_recipe(each, features=4, groups=5, start_age=35, epochs=1, steps=1) for each in (untuned, tuned)]
    assert [len(head.losses) for head in heads] == [0, 1]


def test_an_impossible_value_is_rejected():
    with pytest.raises(ValueError, match="kernel_l2"):
        Params.model_validate(changed("model.kernel_l2", -1))
"""


@pytest.mark.slow
def test_a_search_setting_takes_three_files(copy: Copy) -> None:
    code = steps("Add a search setting")
    assert len(code) <= 3
    heads, section, space = (
        "models/network/heads.py",
        "pipeline/config/sections/training.py",
        "pipeline/config/sections/search.py",
    )
    field, effect = code.pop(heads).split("\n\n")
    copy.insert(heads, f"{field}\n", before="\n\ndef build_head(")
    dense = '    x = layers.Dense(config.units, activation=config.activation, name="dense")(pooled)\n'
    copy.insert(heads, effect, before=dense)
    content = (copy.root / heads).read_text(encoding="utf-8")
    (copy.root / heads).write_text(content.replace(dense, ""), encoding="utf-8")
    copy.insert(section, code.pop(section), before="    flip_average: bool = False\n")
    copy.insert(space, code.pop(space), before="    dropout: Domain[Dropout] | None = None\n")
    assert code == {}
    (copy.root / "tests/test_kernel_l2.py").write_text(SEARCH_KERNEL_L2, encoding="utf-8")
    tests = ("tests/test_kernel_l2.py", "tests/pipeline/config/test_params_search.py", "tests/tuning/test_recipe.py")
    copy.python("pytest", "-q", "-p", "no:cacheprovider", *tests)


@pytest.mark.slow
def test_a_stage_takes_six_files(copy: Copy) -> None:
    code = steps("Add a stage")
    assert len(code) <= 6
    (copy.root / "pipeline/stages/count_ages.py").write_text(code.pop("pipeline/stages/count_ages.py"))
    (name,) = re.findall(r'^ +".*",$', code.pop("pipeline/stages/__init__.py"), flags=re.MULTILINE)
    copy.insert("pipeline/stages/__init__.py", f"{name}\n", before=")\n")
    copy.append("pipeline/config/paths.py", "\n" + code.pop("pipeline/config/paths.py"))
    copy.append("pipeline/config/sections/data.py", "\n\n" + code.pop("pipeline/config/sections/data.py"))
    place = '\n    @model_validator(mode="before")\n'
    copy.insert("pipeline/config/params.py", code.pop("pipeline/config/params.py"), before=place)
    copy.insert("pipeline/config/params.py", "    CountAges,\n", before="    CropFaces,\n")
    copy.insert("dvc.yaml", code.pop("dvc.yaml"), before="\nmetrics:\n")
    assert code == {}
    for file in ("params.yaml", *(f"params/{name}.yaml" for name in ("demo", "seed", "utkface"))):
        copy.append(file, "\ncount_ages:\n  min_rows: 2\n")
    copy.python("pytest", "-q", "-p", "no:cacheprovider", "tests/pipeline/stages/test_dvc_yaml.py")
    write_table(Paths(copy.root).split_train, split_rows(5, ages=[20.0, 20.0, 30.0, 30.0, 40.0]), SPLIT)
    copy.python("agelens", "run", "count_ages")
    assert json.loads((copy.root / "data/age_counts.json").read_text()) == {"20": 2, "30": 2}
