"""params.yaml: unknown keys and invalid values are errors that name them in one line."""

import math
import subprocess

import pytest

from agelens.data_prep.core.errors import ParamsError
from agelens.pipeline.config.params import Params, read_params
from agelens.pipeline.config.sections.training import DEMO_TRAINING_DATA
from agelens.pipeline.stages import STAGES
from tests.locations import ROOT
from tests.pipeline.demo_settings import DEMO, changed

FILES = sorted((ROOT / "params").glob("*.yaml"))


@pytest.mark.parametrize("path", [ROOT / "params.yaml", *FILES], ids=lambda path: path.stem)
def test_shipped_settings_are_valid(path):
    assert set(STAGES) <= set(read_params(path).model_dump())


def test_the_four_named_settings_are_there():
    assert [path.stem for path in FILES] == ["demo", "faces", "seed", "utkface"]


def test_committed_settings_are_the_demo():
    # The committed file: `agelens use utkface` may have replaced the one in the checkout.
    asked = subprocess.run(["git", "show", "HEAD:params.yaml"], cwd=ROOT, capture_output=True, check=False)
    if asked.returncode != 0:
        pytest.skip("not a git checkout")
    assert asked.stdout == (ROOT / "params/demo.yaml").read_bytes()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_set_param_of_dvc_changes_one_line(path, tmp_path):
    hydra = pytest.importorskip("dvc.utils.hydra")
    before = path.read_text(encoding="utf-8")
    copy = tmp_path / "params.yaml"
    copy.write_text(before, encoding="utf-8")
    hydra.apply_overrides(copy, ["tune.max_epochs=9"])
    lines = zip(before.splitlines(), copy.read_text(encoding="utf-8").splitlines(), strict=True)
    assert [new for old, new in lines if old != new] == ["  max_epochs: 9"]


def test_the_demos_text_on_the_model_card_fits_only_its_own_data():
    demo = Params.model_validate(DEMO).export
    assert demo.training_data == DEMO_TRAINING_DATA
    assert demo.describe_demo_text({"drawn": "synthetic"}) is None
    assert "the sources contain mine; " in demo.describe_demo_text({"drawn": "synthetic", "mine": "table"})
    mine = demo.model_copy(update={"training_data": "my photographs"})
    assert mine.describe_demo_text({"mine": "table"}) is None


SECTIONS = ["", "sources.synthetic.", *(f"{name}." for name, value in DEMO.items() if isinstance(value, dict))]
SECTIONS = [*(name for name in SECTIONS if name != "sources."), "train.phase1.", "train.phase2."]


@pytest.mark.parametrize("section", SECTIONS)
def test_unknown_key_is_named(section, refusal):
    line = refusal(changed(f"{section}lerning_rate", 1))
    assert line == f": {section}lerning_rate is not a parameter (misspelt?)"


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("seed", -1),
        ("age_groups", "five"),
        ("age_groups", [0]),
        ("age_groups", [1, 13]),
        ("age_groups", [0, 26, 13]),
        ("age_groups", [0, 13, 10**12]),
        ("sources", {}),
        ("sources.synthetic", "data/raw"),
        ("build_manifest.max_age", 101),
        ("crop_faces.image_size", 300),
        ("crop_faces.size", 16),
        ("crop_faces.precision", "float16"),
        ("crop_faces.margin_fraction", -0.1),
        ("crop_faces.margin_fraction", 2.1),
        ("deduplicate.min_correlation", 1.5),
        ("split.val", -0.1),
        ("split.test", 0),
        ("rebalance.copies", 0),
        ("augment.rotation_degrees", 91),
        ("model.backbone", "vgg16"),
        ("model.dropout", 1),
        ("loss.age_loss", "mean"),
        ("loss.sigma", 0),
        ("cache_features.views", "three"),
        ("tune.factor", 1),
        ("tune.retrain.seeds", 0),
        ("tune.max_epochs", 2.5),
        ("train.precision", "float16"),
        ("train.phase1.epochs", 0),
        ("train.phase2.schedule", "step"),
        ("train.phase2.unfreeze", -1),
        ("train.phase2.unfreeze", 10**12),
        ("calibrate.coverage", 1),
        ("evaluate.resamples", 0),
        ("evaluate.resamples", 10**12),
        ("crop_faces.margin_fraction", math.nan),
        ("crop_faces.image_size", 32 * 10**6),
        ("crop_faces.min_side", math.inf),
        ("cache_features.views", 10**9),
        ("model.units", 10**9),
        ("loss.age_weight", math.inf),
        ("tune.max_epochs", 10**9),
        ("tune.subset", 10**12),
        ("train.phase1.epochs", 10**12),
        ("train.phase1.learning_rate", math.inf),
        ("train.phase2.learning_rate", 11),
        ("export.name", None),
    ],
)
def test_invalid_value_is_named(place, value, refusal):
    line = refusal(changed(place, value))
    assert line.startswith(f": {place}: ")
    assert line.endswith(f"received {value!r}")


def integers(schema, place=""):
    """Yield the place and the definition of each whole number in a JSON schema."""
    if isinstance(schema, list):
        schema = dict(enumerate(schema))
    if isinstance(schema, dict):
        if schema.get("type") == "integer":
            yield place, schema
        for name, value in schema.items():
            yield from integers(value, f"{place}/{name}")


def test_every_whole_number_has_a_highest_value():
    found = dict(integers(Params.model_json_schema()))
    assert len(found) > 30
    open_ended = [place for place, schema in found.items() if not {"maximum", "exclusiveMaximum"} & schema.keys()]
    by_validators = ["/$defs/Phase2/properties/unfreeze/anyOf/0", "/properties/age_groups/items"]
    assert open_ended == by_validators


def test_a_part_of_a_year_is_no_first_age(refusal):
    line = refusal(changed("age_groups", [0, 13.5, 26]))
    assert line.startswith(": age_groups.1: Input should be a valid integer")
    assert line.endswith("received 13.5")


@pytest.mark.parametrize("unfreeze", [0, 80, "block4a", None])
def test_unfreeze_takes_counts_and_names_of_layers(unfreeze):
    assert Params.model_validate(changed("train.phase2.unfreeze", unfreeze)).train.phase2.unfreeze == unfreeze


@pytest.mark.parametrize("name", ["../photos", "my photos", "a/b", "", "wiki\n"])
def test_name_of_a_source_must_be_a_name_of_a_folder(name, refusal):
    line = refusal(changed("sources", {name: {"path": "a", "reader": "table"}}))
    assert line.startswith(": sources.")
    assert line.endswith(f"received {name!r}")


@pytest.mark.parametrize("name", ["utkface", "b3fd-wiki", "old_photos2", "bücher"])
def test_plain_names_of_sources_are_valid(name):
    settings = changed("sources", {name: {"path": "a", "reader": "table"}})
    assert list(Params.model_validate(settings).sources) == [name]


@pytest.mark.parametrize("place", ["cache_features.views", "train.phase2.views"])
def test_fewer_views_than_copies_are_an_error(place, refusal):
    assert refusal(changed(place, 2)) == f": the whole file: views must be at least rebalance.copies (3), not {place} 2"
    assert Params.model_validate(changed(place, 3)).rebalance.copies == 3


def test_limits_of_rare_and_common_ages_must_ascend(refusal):
    line = refusal(changed("rebalance.min_count", 2001))
    assert line == ": rebalance: min_count (2001) must be at most max_count (2000)"
    assert Params.model_validate(changed("rebalance.min_count", 2000)).rebalance.min_count == 2000


def test_missing_section_is_named(refusal):
    settings = {name: value for name, value in DEMO.items() if name != "train"}
    assert refusal(settings).startswith(": train: Field required")


def test_several_errors_are_reported_together(refusal):
    settings = changed("seed", -1)
    settings["model"]["unit"] = 3
    line = refusal(settings)
    assert "seed: " in line
    assert "model.unit is not a parameter" in line


def test_shares_must_sum_to_one(refusal):
    assert "split: train, val and test must sum to 1, not to 0.95" in refusal(changed("split.val", 0.05))


@pytest.mark.parametrize("shares", [(0.7, 0.2, 0.1), (0.8, 0.1, 0.1), (1 / 3, 1 / 3, 1 / 3)])
def test_sum_of_shares_may_be_rounded(shares):
    settings = changed("split", dict(zip(("train", "val", "test"), shares, strict=True)))
    assert Params.model_validate(settings).split.train == shares[0]


def test_reader_is_by_default_the_name_of_the_source():
    sources = {"utkface": {"path": "a"}, "old_photos": {"path": "b", "reader": "table"}}
    found = Params.model_validate(changed("sources", sources)).sources
    assert {name: source.reader for name, source in found.items()} == {"utkface": "utkface", "old_photos": "table"}


def test_unknown_reader_is_an_error(refusal):
    assert refusal(changed("sources", {"morph": {"path": "a"}})).startswith(": sources.morph.reader: ")


@pytest.mark.parametrize("option", [{}, {"subset": "wiki"}, {"min_photo_year": 1980}])
def test_options_of_a_reader_are_its_keyword_arguments(option):
    params = Params.model_validate(changed("sources", {"b3fd": {"path": "a", **option}}))
    assert params.sources["b3fd"].options == option


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ({"fgnet": {"path": "a", "subset": "wiki"}}, "fgnet.subset is not a parameter (misspelt?)"),
        ({"b3fd": {"path": "a", "subset": "kiwi"}}, "b3fd.subset: Input should be 'all', "),
        ({"b3fd": {"path": "a", "min_photo_year": "old"}}, "b3fd.min_photo_year: Input should be a valid integer"),
    ],
)
def test_invalid_option_of_a_reader_is_named(source, error, refusal):
    assert refusal(changed("sources", source)).startswith(f": sources.{error}")


def test_missing_file_is_named(tmp_path):
    with pytest.raises(ParamsError, match=r"There is no .*none\.yaml; .*agelens use NAME"):
        read_params(tmp_path / "none.yaml")


@pytest.mark.parametrize("text", ["seed: [1", "a: b: c"])
def test_file_that_is_not_yaml_is_an_error(text, refusal):
    assert refusal(text).startswith(" is not YAML: ")


@pytest.mark.parametrize("text", ["", "just words", "- 1"])
def test_file_without_sections_is_an_error(text, refusal):
    assert refusal(text).startswith(": the whole file: Input should be a valid dictionary")


def test_settings_do_not_change():
    params = Params.model_validate(DEMO)
    with pytest.raises(ValueError, match="frozen"):
        params.split.train = 0.5


def test_attributes_are_known_and_named_once(refusal):
    assert Params.model_validate(changed("model", {**DEMO["model"], "attributes": ["gender"]})).model.attributes == (
        "gender",
    )
    assert refusal(changed("model", {**DEMO["model"], "attributes": ["mood"]})).startswith(": model.attributes.0: ")
    assert "named once" in refusal(changed("model", {**DEMO["model"], "attributes": ["gender", "gender"]}))


@pytest.mark.parametrize(
    ("sources", "message"),
    [
        (["fgnet"], "split.zero_shot must name sources (synthetic), not fgnet"),
        (["synthetic"], "split.zero_shot must leave a source for training"),
    ],
)
def test_zero_shot_sources_exist_and_leave_others(sources, message, refusal):
    assert message in refusal(changed("split.zero_shot", sources))
