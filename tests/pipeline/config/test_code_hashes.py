"""Hashes of code change with the modules that a result imports, and not with comments or docstrings."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agelens.pipeline.config import code_hashes, fingerprints
from agelens.pipeline.config.code_hashes import code_hash, import_closure, imports_of, source_of
from agelens.pipeline.cross_validation import protocol
from agelens.pipeline.cross_validation.network_fold import FOLD_STAGES
from agelens.pipeline.stages import STAGES

CODE = {
    "crops": fingerprints.CROP_CODE,
    "features": fingerprints.FEATURE_CODE,
    "trunk": fingerprints.TRUNK_CODE,
    "head search": fingerprints.HEAD_SEARCH_CODE,
    "network search": fingerprints.NETWORK_SEARCH_CODE,
    "train": fingerprints.TRAIN_CODE,
}
HEADS = {"head search", "network search", "train"}
FEATURES = {"features", *HEADS}
NETWORKS = {"network search", "train"}

Edit = Callable[[str, Callable[[str], str]], None]


@pytest.fixture
def edit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Edit]:
    """Return a function that changes the source of a module, as the hashes read it."""
    edited: dict[str, Path] = {}

    def forget() -> None:
        code_hash.cache_clear()
        import_closure.cache_clear()

    def replace_source(module: str, change: Callable[[str], str]) -> None:
        source = source_of(module)
        assert source is not None
        before = source.read_text(encoding="utf-8")
        assert change(before) != before
        edited[module] = tmp_path / f"{module}.py"
        edited[module].write_text(change(before), encoding="utf-8")
        forget()

    monkeypatch.setattr(code_hashes, "source_of", lambda module: edited.get(module) or source_of(module))
    forget()
    yield replace_source
    forget()


def hashes() -> dict[str, str]:
    return {name: code_hash(*roots) for name, roots in CODE.items()}


def changed_by(module: str, edit: Edit) -> set[str]:
    """Return the results whose hash changes with a new constant in a module."""
    before = hashes()
    edit(module, lambda source: f"{source}\nCHANGED = 1\n")
    return {name for name, value in hashes().items() if value != before[name]}


@pytest.mark.parametrize(
    ("module", "results"),
    [
        ("data_prep.core.errors", set()),
        ("data_prep.core.images", {"crops", "trunk", *FEATURES}),
        ("data_prep.core.openvino_requests", {"crops", "trunk", *FEATURES}),
        ("data_prep.faces.cropper", {"crops"}),
        ("data_prep.faces.torch_detector", {"crops"}),
        ("data_prep.faces.crop_manifest", set()),
        ("data_prep.batches.augment", {"trunk", *FEATURES}),
        ("data_prep.core.labels", FEATURES),
        ("models.network.backbones", FEATURES),
        ("models.network.batch_norm_folding", {"trunk", *NETWORKS}),
        ("models.network.heads", HEADS),
        ("models.training.losses", HEADS),
        ("models.training.phases", HEADS),
        ("models.caches.trunk_cache", {"trunk", *NETWORKS}),
        ("pipeline.config.params", set()),
        ("pipeline.config.fingerprints", set()),
        ("pipeline.search.network_factory", {"network search"}),
        ("pipeline.stages", set()),
        ("pipeline.stages.train", {"train"}),
        ("pipeline.stages.tune", set()),
        ("pipeline.tracking.runs", set()),
        ("pipeline.training_data.feature_extraction", FEATURES),
        ("pipeline.training_data.head_data", HEADS),
        ("pipeline.training_data.network_data", NETWORKS),
        ("pipeline.evaluation_report.report", set()),
        ("tuning.model_factory", {"head search", "network search"}),
        ("tuning.retraining", {"head search", "network search"}),
        ("tuning.search", {"head search", "network search"}),
        ("weights.lite0", FEATURES),
    ],
)
def test_code_changes_the_hashes_of_results_that_import_it(module: str, results: set[str], edit: Edit) -> None:
    assert changed_by(f"agelens.{module}", edit) == results


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda source: source.replace('."""\n', '. Reworded."""\n'), id="docstrings"),
        pytest.param(lambda source: f"# A comment.\n\n{source}", id="comment"),
    ],
)
def test_comments_and_docstrings_change_no_hash(change: Callable[[str], str], edit: Edit) -> None:
    before = hashes()
    for module in ("data_prep.batches.augment", "data_prep.faces.cropper", "pipeline.stages.train"):
        edit(f"agelens.{module}", change)
    assert hashes() == before


def test_imports_inside_functions_count(edit: Edit) -> None:
    edit("agelens.models.network.trunk", lambda source: f"{source}\ndef late():\n    import agelens.tuning.space\n")
    assert "agelens.tuning.space" in import_closure("agelens.models.network.trunk")


def test_packages_with_code_are_imported_with_their_modules() -> None:
    closure = import_closure("agelens.data_prep.readers.layout")
    assert {"agelens.data_prep.readers", "agelens.data_prep.readers.utkface"} <= closure
    assert "agelens.data_prep" not in closure  # it holds a docstring only


def test_imports_hold_libraries_and_modules_named_by_from() -> None:
    assert {"keras", "agelens.data_prep.core.labels"} <= imports_of("agelens.models.network.heads")
    assert "agelens.data_prep.core.labels.MAX_AGE" not in imports_of("agelens.models.network.heads")


def test_unknown_module_is_an_error() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"no module agelens\.models\.nothing"):
        code_hash("agelens.models.nothing")


@pytest.mark.parametrize("name", code_hashes.LEFT_OUT)
def test_modules_that_are_left_out_exist(name: str) -> None:
    assert source_of(name.removesuffix(".*"))


def test_folds_of_networks_hold_the_stages_that_they_import_by_name() -> None:
    modules = import_closure(*protocol.NETWORK_CODE)
    assert set(FOLD_STAGES) < set(STAGES)
    stages = {f"agelens.pipeline.stages.{stage}" for stage in FOLD_STAGES}
    assert stages - modules == {"agelens.pipeline.stages.report"}  # it computes no metric
    assert not any(name.startswith("agelens.pipeline.stages") for name in import_closure(*protocol.HEAD_CODE))
