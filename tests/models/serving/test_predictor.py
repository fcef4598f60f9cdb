"""Predictions for photographs, with a fake detector and a fake network."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from agelens.data_prep.core.errors import ImageError, WeightsError
from agelens.data_prep.core.images import jpeg_round_trip, write_png
from agelens.data_prep.faces.crop import crop_face
from agelens.models.calibration.calibration import Calibration
from agelens.models.serving.predictor import AgePredictor
from agelens.models.serving.training_hashes import crop_hash
from tests.locations import ROOT
from tests.models.serving.fake_predictor import (
    CARD,
    LARGE,
    SHAPE,
    SMALL,
    FakeDetector,
    FakeNetwork,
    photograph,
    predictor_of,
)


def test_faces_of_training_images_are_marked():
    image, detector = photograph(), FakeDetector([SMALL, LARGE])
    image[25:45, 25:35] = 90  # flat crops have the same hash
    large = jpeg_round_trip(crop_face(image, np.array(LARGE, dtype=float), SHAPE))
    predictor = AgePredictor(detector, FakeNetwork(), CARD, training_hashes=frozenset({crop_hash(large)}))
    ((first, second),) = predictor.predict([image])
    assert (first.trained_on, second.trained_on) == (True, False)
    assert [one for one in first.warnings if not one.startswith("blurred")] == [
        "trained_on: the model has learned from this picture"
    ]


def test_attributes_in_the_card_are_predicted():
    class NetworkWithGender(FakeNetwork):
        def run(self, batches):
            for outputs in super().run(batches):
                yield outputs | {"gender": np.array([[0.2, 0.8]], dtype=np.float32).repeat(len(outputs["age"]), axis=0)}

    def predict(card):
        ((first, _),) = AgePredictor(FakeDetector([SMALL, LARGE]), NetworkWithGender(), card).predict([photograph()])
        return first

    assert (predict(CARD).gender, predict(CARD).attributes) == (None, {})
    card = replace(CARD, attributes={"gender": ("female", "male")})
    assert (predict(card).gender, predict(card).attributes) == ("male", {"gender": "male"})


class NetworkWithDistribution(FakeNetwork):
    """Also predicts an age distribution of three equal shares: the age, one year less and one year more."""

    def run(self, batches):
        for outputs in super().run(batches):
            shares = np.eye(101, dtype=np.float32)[outputs["age"][:, 0].round().astype(int)]
            yield outputs | {
                "age_distribution": (shares + np.roll(shares, 1, axis=1) + np.roll(shares, -1, axis=1)) / 3
            }


@pytest.mark.parametrize(
    ("calibration", "ages", "intervals"),
    [
        (
            Calibration(coverage=0.9, edges=(30.0,), shares=(0.1, 0.7), min_half_width=0.25),
            (50, 20),
            [(49, 51), (19.75, 20.25)],
        ),
        (Calibration(coverage=0.9, edges=(), half_widths=(5.0,), temperature=0.5), (50, 20), [(45, 55), (15, 25)]),
    ],
    ids=["shares", "temperature"],
)
def test_a_calibration_gets_the_age_distribution_if_it_needs_it(calibration, ages, intervals):
    card = replace(CARD, calibration=calibration)
    predictor = AgePredictor(FakeDetector([SMALL, LARGE]), NetworkWithDistribution(), card)
    (faces,) = predictor.predict([photograph()])
    assert [face.age for face in faces] == pytest.approx(ages)
    assert [face.interval for face in faces] == [pytest.approx(interval) for interval in intervals]


def test_every_face_gets_its_own_age_largest_first():
    ((first, second),) = predictor_of([SMALL, LARGE]).predict([photograph()])
    assert (first.age, second.age) == pytest.approx((50, 20))
    assert (first.box, second.box) == (tuple(LARGE), tuple(SMALL))
    assert (first.score, second.score) == pytest.approx((0.8, 0.9))
    assert (first.interval, second.interval) == ((40, 60), (15, 25))
    assert (first.age_group, second.age_group) == ("43-60", "13-25")
    assert first.probabilities == (0, 0, 0, 1, 0)


def test_largest_predicts_one_face():
    predictor = predictor_of([SMALL, LARGE])
    ((only,),) = predictor.predict([photograph()], largest=True)
    assert only.box == tuple(LARGE)
    assert [len(batch) for batch in predictor.network.batches] == [1]


def test_an_image_without_a_face_has_an_empty_list():
    black = np.zeros((60, 60, 3), dtype=np.uint8)
    predictor = predictor_of([LARGE])
    assert [len(faces) for faces in predictor.predict([black, photograph(), black])] == [0, 1, 0]
    assert predictor.predict([black], largest=True) == [[]]
    assert predictor.predict([]) == []


def test_crops_are_those_of_the_training():
    predictor = predictor_of([LARGE])
    image = np.random.default_rng(0).integers(0, 100, (60, 60, 3), dtype=np.uint8)
    predictor.predict([image])
    (batch,) = predictor.network.batches
    assert batch.dtype == np.uint8
    crop = crop_face(image, np.array(LARGE, dtype=float), SHAPE)
    np.testing.assert_array_equal(batch, jpeg_round_trip(crop)[None])


def test_crops_are_predicted_in_order_in_batches():
    crops = np.arange(70, dtype=np.uint8)[:, None, None, None].repeat(16, 1).repeat(16, 2).repeat(3, 3)
    predictor = predictor_of([])
    ages = predictor.predict_crops(crops)
    np.testing.assert_allclose(ages.age, np.arange(70))
    assert [len(batch) for batch in predictor.network.batches] == [16, 16, 16, 16, 6]


BLACK = np.zeros((60, 60, 3), dtype=np.uint8)


def test_one_image_gives_its_faces_and_a_collection_a_list_of_lists():
    predictor = predictor_of([SMALL, LARGE])
    one = predictor.predict(photograph())
    assert [face.age for face in one] == pytest.approx([50, 20])
    for many in ([photograph(), BLACK], (photograph(), BLACK), np.stack([photograph(), BLACK])):
        assert predictor.predict(many) == [one, []]
    assert predictor.predict([photograph(), BLACK]).to_pandas()["image"].tolist() == [0, 0]


def test_a_generator_gives_an_iterator_that_reads_a_bounded_number_ahead():
    taken = []
    images = (taken.append(number) or photograph() for number in range(500))
    results = predictor_of([LARGE]).predict(images)
    assert iter(results) is results
    assert taken == []
    assert [face.age for face in next(results)] == pytest.approx([50])
    assert 4 <= len(taken) < 100
    results.close()


def test_paths_bytes_and_arrays_give_the_same(tmp_path):
    write_png(tmp_path / "one.png", photograph())
    path = tmp_path / "one.png"
    predictor = predictor_of([LARGE])
    expected = predictor.predict(photograph())
    assert len(expected) == 1
    assert predictor.predict([path, str(path), path.read_bytes(), photograph()]) == [expected] * 4


def test_colours_of_opencv_are_reversed():
    class RedNetwork(FakeNetwork):
        def run(self, batches):
            yield from super().run(batch[..., :1] for batch in batches)

    image = np.full((60, 60, 3), [90, 50, 10], dtype=np.uint8)
    predictor = AgePredictor(FakeDetector([LARGE]), RedNetwork(), CARD)
    (rgb,), (bgr,) = predictor.predict(image), predictor.predict(image, bgr=True)
    assert (rgb.age, bgr.age) == (pytest.approx(90, abs=3), pytest.approx(10, abs=3))


def test_an_error_names_the_place_of_the_image():
    with pytest.raises(ImageError, match=r"^unsupported: image 2: An image must be .* Received: NoneType\.$"):
        predictor_of([LARGE]).predict([photograph(), BLACK, None])
    with pytest.raises(ImageError, match=r"^unsupported: An image .* Received: float64 array of shape \(9, 9\)"):
        predictor_of([LARGE]).predict(np.zeros((9, 9)))


@pytest.mark.parametrize("value", [None, 7, 1.5])
def test_what_is_no_image_and_no_collection_is_refused(value):
    with pytest.raises(ImageError, match=f"Received: {type(value).__name__}"):
        predictor_of([LARGE]).predict(value)


def test_each_goes_on_after_an_error():
    first, second, third = predictor_of([LARGE]).predict_each([photograph(), None, BLACK])
    assert ([face.age for face in first], third) == ([pytest.approx(50)], [])
    assert second.reason == "unsupported"


def test_results_do_not_depend_on_the_batch():
    images = [np.full((60, 60, 3), number, dtype=np.uint8) for number in range(50)]
    predictor = predictor_of([LARGE])
    ages = [[face.age for (face,) in predictor.predict_each(images[1:], batch=batch)] for batch in (1, 5, 64)]
    assert ages[0] == ages[1] == ages[2] == pytest.approx(list(range(1, 50)))


def test_threads_may_share_a_predictor():
    predictor = predictor_of([SMALL, LARGE])
    images = [np.maximum(photograph(), number) for number in range(20)]
    expected = [predictor.predict(image) for image in images]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(predictor.predict, images)) == expected


def test_the_distribution_is_given_on_request():
    predictor = AgePredictor(FakeDetector([LARGE]), NetworkWithDistribution(), CARD)
    (plain,), (face,) = predictor.predict(photograph()), predictor.predict(photograph(), distribution=True)
    assert plain.distribution is None
    assert len(face.distribution) == 101
    assert {year: share for year, share in enumerate(face.distribution) if share} == pytest.approx(
        {49: 1 / 3, 50: 1 / 3, 51: 1 / 3}
    )


def test_a_distribution_that_the_model_does_not_have_is_refused():
    with pytest.raises(WeightsError, match="no age distribution"):
        predictor_of([LARGE]).predict(photograph(), distribution=True)


def test_prediction_imports_no_training_library():
    code = (
        "import sys, agelens.models.serving.predictor, agelens.data_prep.faces.detector, agelens.data_prep.faces.crop\n"
        "heavy = {'tensorflow', 'keras', 'torch', 'ultralytics', 'keras_tuner', 'wandb', 'matplotlib'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
