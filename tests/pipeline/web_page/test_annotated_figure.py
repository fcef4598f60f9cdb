"""The figure of a photograph: what it says, where it draws, and that names are only text."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from agelens.models.serving.predictions import AgePrediction
from agelens.pipeline.web_page.annotated_figure import SHOWN_SIDE, annotated_figure, failed_figure


def face(box, *, distribution=None):
    return AgePrediction(
        box=box,
        score=0.9,
        age=31.4,
        interval=(24.0, 39.0),
        age_group="26-42",
        probabilities=(0.1, 0.2, 0.5, 0.1, 0.1),
        distribution=distribution,
    )


def parsed(html):
    return ET.fromstring(re.sub(r"(<img [^>]*)>", r"\1/>", html))


IMAGE = np.zeros((400, 800, 3), dtype=np.uint8)


def test_each_face_has_an_outline_a_label_and_a_spoken_text():
    tree = parsed(annotated_figure(IMAGE, [face((100, 50, 200, 150)), face((400, 50, 500, 150))], name="a.jpg"))
    groups = [group for group in tree.iter("g") if group.get("class") == "face"]
    assert [group.get("aria-label") for group in groups] == [
        "face 1: 31 years, 24 to 39, age group 26-42",
        "face 2: 31 years, 24 to 39, age group 26-42",
    ]
    box = groups[0].find("rect")
    assert box is not None
    assert [float(box.get(name, "")) for name in ("x", "y", "width", "height")] == [100, 50, 100, 100]
    assert [text.text for text in groups[0].iter("text")] == ["31 (24\u201339)"]
    caption = tree.find("figcaption")
    assert caption is not None
    assert caption.text == "a.jpg: 2 faces"


def test_a_large_photograph_is_reduced_with_its_boxes():
    image = np.zeros((SHOWN_SIDE, 2 * SHOWN_SIDE, 3), dtype=np.uint8)
    tree = parsed(annotated_figure(image, [face((200, 100, 400, 300))], name="a.jpg"))
    svg = next(tree.iter("svg"))
    assert svg.get("viewBox") == f"0 0 {SHOWN_SIDE} {SHOWN_SIDE // 2}"
    box = next(group for group in svg if group.get("class") == "face")[0]
    assert [float(box.get(name, "")) for name in ("x", "y", "width", "height")] == [100, 50, 100, 100]


@pytest.mark.parametrize("box", [(0, 0, 60, 60), (760, 0, 800, 40), (760, 360, 800, 400), (-20, -20, 820, 420)])
def test_labels_and_charts_stay_inside_the_photograph(box):
    tree = parsed(annotated_figure(IMAGE, [face(box, distribution=(0.0,) * 30 + (1.0,) + (0.0,) * 70)], name="a"))
    inside = [rect for rect in tree.iter("rect") if rect.get("class") != "box"]
    assert len(inside) == 3
    for rect in inside:
        x, y, width, height = (float(rect.get(name, "")) for name in ("x", "y", "width", "height"))
        assert x >= 0
        assert y >= 0
        assert x + width <= 800.1
        assert y + height <= 400.1


def test_a_chart_has_a_bar_per_year_and_the_interval():
    distribution = (0.0,) * 30 + (0.5, 1.0, 0.5) + (0.0,) * 68
    tree = parsed(annotated_figure(IMAGE, [face((100, 50, 200, 150), distribution=distribution)], name="a.jpg"))
    bars = next(tree.iter("path")).get("d", "").split("M")[1:]
    assert len(bars) == 101
    heights = [-float(bar.split("v")[1]) for bar in bars]
    assert heights.index(max(heights)) == 31
    assert heights[30] == pytest.approx(max(heights) / 2, abs=0.1)


def test_names_are_text_and_never_markup():
    name = "<script>alert(1)</script>.jpg"
    assert "<script" not in annotated_figure(IMAGE, [], name=name)
    assert "<script" not in failed_figure(name, "<b>broken</b>")
    assert "&lt;b&gt;broken" in failed_figure(name, "<b>broken</b>")
    assert len(failed_figure("a" * 5000, "broken")) < 400
