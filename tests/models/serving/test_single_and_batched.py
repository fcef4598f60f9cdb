"""The bundled model predicts the same for an image by itself as among others."""

import pytest

from agelens.data_prep.synthetic.photo import make_detector_examples
from agelens.models.serving.predictor import AgePredictor
from agelens.weights.defaults import AGE_MODEL

MAX_DIFFERENCE = 0.1
"""Years."""


@pytest.mark.skipif(not (AGE_MODEL / "model.json").is_file(), reason="no bundled age model")
def test_ages_do_not_depend_on_the_batch() -> None:
    images = [image for image, _ in make_detector_examples(13, seed=3)]
    predictor = AgePredictor.load()
    together, alone = predictor.predict(images), [predictor.predict(image) for image in images]
    assert sum(map(len, alone)) >= 10
    for many, one in zip(together, alone, strict=True):
        assert [face.age for face in many] == pytest.approx([face.age for face in one], abs=MAX_DIFFERENCE)
        for face, single in zip(many, one, strict=True):
            assert face.box == pytest.approx(single.box, abs=0.5)
