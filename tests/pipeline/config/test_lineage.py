"""Results of different runs are never mixed: each records its network and its calibration."""

from pathlib import Path

import pytest

from agelens.data_prep.core.atomic import write_json, write_text
from agelens.data_prep.core.errors import DataError
from agelens.pipeline.config.lineage import KEY, check_lineage, common_lineage, lineage_of, mixed_states, read_lineage
from agelens.pipeline.config.paths import Paths


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    """Return a project whose results are all of one network and one calibration."""
    found = Paths(tmp_path)
    write_text(found.age_net, "network 1")
    write_json(found.training, {"seed": 7, KEY: lineage_of(network=found.age_net)})
    write_json(found.calibration, {"coverage": 0.9, KEY: lineage_of(network=found.age_net)})
    both = {KEY: lineage_of(network=found.age_net, calibration=found.calibration)}
    for path in (found.evaluation_lineage, found.report_lineage, found.exported / "model.json"):
        write_json(path, both)
    return found


def test_one_run_is_not_mixed(paths: Paths) -> None:
    assert mixed_states(paths) == []
    check_lineage(paths.calibration, stage="calibrate", network=paths.age_net)
    both = {"network": paths.age_net, "calibration": paths.calibration}
    assert read_lineage(paths.evaluation_lineage) == lineage_of(**both)
    assert len(set(lineage_of(**both).values())) == 2


def test_another_network_is_noticed_in_every_result(paths: Paths) -> None:
    write_text(paths.age_net, "network 2")
    stages = [line.rpartition("run `dvc repro ")[2] for line in mixed_states(paths)]
    assert stages == ["train`.", "calibrate`.", "evaluate`.", "report`.", "export`."]


def test_another_calibration_is_noticed_in_what_follows(paths: Paths) -> None:
    write_json(paths.calibration, {"coverage": 0.8, KEY: lineage_of(network=paths.age_net)})
    lines = mixed_states(paths)
    assert [line.rpartition("`dvc repro ")[2] for line in lines] == ["evaluate`.", "report`.", "export`."]
    assert all("\n" not in line and "the calibration" in line for line in lines)


def test_a_stage_refuses_a_result_of_another_network(paths: Paths) -> None:
    before = lineage_of(network=paths.age_net)["network"]
    write_text(paths.age_net, "network 2")
    with pytest.raises(DataError) as caught:
        check_lineage(paths.calibration, stage="calibrate", network=paths.age_net)
    now = lineage_of(network=paths.age_net)["network"]
    assert str(caught.value) == (
        f"{paths.calibration} must be made with the network {paths.age_net} ({now}). It was made with another "
        f"({before}); run `dvc repro calibrate`."
    )


def test_a_file_of_an_earlier_version_and_a_missing_file_are_accepted(paths: Paths) -> None:
    write_text(paths.age_net, "network 2")
    write_json(paths.calibration, {"coverage": 0.9})
    check_lineage(paths.calibration, stage="calibrate", network=paths.age_net)
    paths.training.unlink()
    assert not [line for line in mixed_states(paths) if "training.json" in line]


def test_results_of_two_networks_have_no_common_lineage(paths: Paths) -> None:
    found = common_lineage(paths.training, paths.evaluation_lineage, stage="evaluate")
    assert found == lineage_of(network=paths.age_net, calibration=paths.calibration)
    write_json(paths.training, {KEY: {"network": "of another run"}})
    with pytest.raises(DataError, match=r"must be of the network of .*training\.json .*`dvc repro evaluate`"):
        common_lineage(paths.training, paths.evaluation_lineage, stage="evaluate")
