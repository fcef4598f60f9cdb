"""The ablation: every variant is a valid params.yaml, trains on the same rows, and is in the table."""

from pathlib import Path

import pages
import pytest
from ablation import AGAIN, ALL, VARIANTS, WHOLE, changed, read_splits

from agelens.data_prep.core.tables import SPLIT, write_table
from agelens.pipeline.config.params import read_params
from agelens.pipeline.config.paths import Paths
from tests.factories import split_rows
from tests.locations import ROOT


@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_is_a_valid_recipe_that_differs(name: str) -> None:
    params = read_params(ROOT / "params/utkface.yaml")
    assert changed(params, ALL[name]) != params
    assert changed(params, {}) == params


def test_a_changed_value_is_validated() -> None:
    with pytest.raises(ValueError, match="average"):
        changed(read_params(ROOT / "params/utkface.yaml"), {"train": {"phase2": {"average": 2.0}}})


def test_train_is_reduced_to_the_same_rows_in_any_order(tmp_path: Path) -> None:
    found = []
    for turn in (1, -1):
        paths = Paths(tmp_path / str(turn))
        for path, count in ((paths.split_train, 60), (paths.split_val, 8), (paths.split_test, 9)):
            write_table(path, split_rows(count, sources=["one", "other"]).iloc[::turn], SPLIT)
        splits = read_splits(paths, source="one", rows=10, seed=3)
        assert {name: len(table) for name, table in splits.items()} == {"train": 10, "val": 4, "test": 5}
        found.append(set(splits["train"]["image_id"]))
    assert found[0] == found[1]


def test_the_block_compares_every_variant_with_the_whole_recipe(monkeypatch: pytest.MonkeyPatch) -> None:
    figures = {"mae": 5.0, "cs5": 0.6, "group_accuracy": 0.7, "seconds": 60.0}
    found = {
        "variants": {WHOLE: figures, AGAIN: {**figures, "mae": 5.06}, "no random erasing": {**figures, "mae": 5.25}},
        "rows": {"train": 4000, "val": 10, "test": 1952},
        **dict.fromkeys(("backbone", "size", "source", "unfreeze", "epochs", "command", "device"), "some"),
        "seconds": 180.0,
    }
    monkeypatch.setattr(pages, "measured", {"ablation": found}.get)
    block = pages.ablation_block()
    assert "| no random erasing | 5.25 | +0.25 | 60.0% | 70.0% |" in block
    assert "Another seed changes the MAE by 0.06 years" in block
    assert "3 minutes" in block
