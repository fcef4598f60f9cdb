"""The published folds of Adience: which faces are tested, and that missing ones are not passed over."""

from collections.abc import Callable
from pathlib import Path

import pytest

from agelens.data_prep.core.errors import ParamsError
from agelens.data_prep.core.labels import AgeGroups
from agelens.data_prep.core.tables import GROUPED, MANIFEST, write_table
from agelens.data_prep.readers.adience import PUBLISHED
from agelens.pipeline.config.params import Params
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.cross_validation.plans import ADIENCE_AGE_GROUPS, Plan, plan_turns
from agelens.pipeline.cross_validation.published import published_results
from tests.factories import grouped_table
from tests.pipeline.demo_settings import DEMO

FACES = 40  # in each fold
LABELS = [*PUBLISHED, (35, 35), (38, 48)]


def write_adience(folder: Path, *, present: int) -> Paths:
    """Write five fold files of 40 faces each, of which a part of each fold is in the tables."""
    names = {}
    for fold in range(5):
        lines = []
        for number in range(FACES):
            low, high = LABELS[number % len(LABELS)]
            face = str(100 * fold + number)
            label = f"({low}, {high})" if low < high else str(low)
            lines.append("\t".join(["user", f"{face}_o.jpg", face, label, "f", *["0"] * 7]))
            if number < present:
                names[f"faces/user/coarse_tilt_aligned_face.{face}.{face}_o.jpg"] = (low, high)
        (folder / f"fold_{fold}_data.txt").write_text("\n".join(lines))
    table = grouped_table(len(names), ages=list(names.values()), sources=["adience"], names=list(names))
    paths = Paths(folder)
    write_table(paths.grouped, table, GROUPED)
    write_table(paths.manifest, table[MANIFEST.names], MANIFEST)
    return paths


@pytest.fixture
def planned(tmp_path: Path) -> Callable[..., Plan]:
    def plan(*, present: int, incomplete: bool = False) -> Plan:
        paths = write_adience(tmp_path, present=present)
        settings = DEMO | {"sources": {"adience": {"path": str(tmp_path)}}, "age_groups": ADIENCE_AGE_GROUPS}
        params = Params.model_validate(settings)
        return plan_turns(params, paths, by="published", source="adience", incomplete=incomplete)

    return plan


def test_the_five_folds_test_every_face_of_the_eight_classes_once(planned: Callable[..., Plan]) -> None:
    plan = planned(present=FACES)
    assert plan.missing == ""
    assert [name for name, _ in plan.turns] == [f"fold {fold}" for fold in range(5)]
    for fold, (_, splits) in enumerate(plan.turns):
        assert {
            int(name.rpartition(".")[0].rpartition(".")[2].split("_")[0]) // 100 for name in splits["test"]["image_id"]
        } == {fold}
        assert len(splits["test"]) == 32
        assert sorted(splits["test"]["age_group"].unique()) == list(range(8))
        assert len(splits["train"]) + len(splits["val"]) == 128
    assert len(plan.rows) == 160


def test_missing_faces_are_refused_unless_accepted(planned: Callable[..., Plan]) -> None:
    with pytest.raises(ParamsError, match=r"80 of 160 published faces are missing, .* use --incomplete"):
        planned(present=20)
    plan = planned(present=20, incomplete=True)
    assert plan.missing == "80 of 160 published faces are missing"
    assert [len(splits["test"]) for _, splits in plan.turns] == [16] * 5


def test_each_class_is_one_age_group() -> None:
    low, high = zip(*PUBLISHED, strict=True)
    assert AgeGroups(tuple(ADIENCE_AGE_GROUPS)).of_intervals(low, high).tolist() == list(range(8))


def test_figures_stand_beside_the_protocol_that_they_belong_to() -> None:
    assert any("50.7 ± 5.1" in result["figure"] for result in published_results("adience", by="published"))
    assert published_results("adience", by="folds") == []
    assert published_results("table", by="folds") == []
