"""The trained network is read back; a damaged file is one line that says what to do."""

import keras
import pytest

from agelens.data_prep.core.errors import WeightsError
from agelens.pipeline.training_data.network_outputs import read_age_net
from tests.damage import DAMAGES
from tests.models.small_networks import build_tiny_age_net


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    path = tmp_path_factory.mktemp("network") / "age_net.keras"
    build_tiny_age_net().save(path)
    return path.read_bytes()


def write(project, content):
    project.paths.age_net.parent.mkdir(parents=True, exist_ok=True)
    project.paths.age_net.write_bytes(content)


def test_a_missing_network_names_the_command_that_trains_it(project):
    with pytest.raises(WeightsError, match="dvc repro train"):
        read_age_net(project.params(), project.paths)


def test_an_intact_network_is_read(project, stored):
    write(project, stored)
    assert set(read_age_net(project.params(), project.paths).output) >= {"age", "age_group"}


def test_code_in_a_network_is_not_run(project, tmp_path):
    ran = tmp_path / "ran"
    name = str(ran)
    layer = keras.layers.Lambda(lambda values: (open(name, "w").close(), values)[1], output_shape=(2,))  # noqa: PTH123
    keras.Sequential([keras.Input((2,)), layer]).save(tmp_path / "a.keras")
    ran.unlink(missing_ok=True)
    write(project, (tmp_path / "a.keras").read_bytes())
    with pytest.raises(WeightsError, match=r"age_net\.keras is damaged .*[Ll]ambda"):
        read_age_net(project.params(), project.paths)
    assert not ran.exists()


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_network_is_named(project, stored, damage):
    write(project, damage(stored))
    with pytest.raises(WeightsError, match=r"age_net\.keras is damaged .* Run `dvc repro train`") as caught:
        read_age_net(project.params(), project.paths)
    assert "\n" not in str(caught.value)
