"""The diagram of the pipeline shows which stage reads what another one writes."""

import yaml

from agelens.pipeline.stages import STAGES
from benchmarks.images.pipeline import draw_pipeline, edges, levels
from tests.locations import ROOT

STAGES_OF_A_FLOW = {
    "read": {"deps": ["raw"], "outs": ["data/rows.csv"], "desc": "Read <rows>"},
    "cut": {"deps": ["data/rows.csv"], "outs": [{"data/crops": {"cache": False}}], "desc": "Cut"},
    "train": {"deps": ["data/crops", "data/rows.csv"], "outs": ["net"], "desc": "Train"},
    "look": {"deps": ["data/crops/first.jpg"], "outs": ["page"], "desc": "Look"},
}


def test_stages_that_are_followed_indirectly_have_no_line():
    assert edges(STAGES_OF_A_FLOW) == {"read": set(), "cut": {"read"}, "train": {"cut"}, "look": {"cut"}}


def test_a_stage_is_one_row_below_those_it_reads_from():
    assert levels(edges(STAGES_OF_A_FLOW)) == {"read": 0, "cut": 1, "train": 2, "look": 2}


def test_the_diagram_has_a_box_for_each_stage_of_dvc_yaml():
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    drawn = draw_pipeline(stages)
    assert drawn.count("<rect") == len(STAGES)
    assert [name for name in STAGES if f">{name}</text>" not in drawn] == []


def test_texts_are_escaped():
    assert "Read &lt;rows&gt;" in draw_pipeline(STAGES_OF_A_FLOW)
