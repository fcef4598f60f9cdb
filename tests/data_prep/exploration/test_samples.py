"""Sample faces: some of each source and band, whatever the order of the rows."""

from agelens.data_prep.exploration.samples import choose_samples
from tests.factories import faces_table, shuffled

FACES = faces_table(40, ages=[5.0, 7.0, 95.0, 20.0], sources=["b", "b", "a", "b"])


def test_each_source_and_band_has_at_most_some_faces() -> None:
    chosen = choose_samples(FACES, per_band=3)
    assert chosen.groupby(["source", "band"], sort=False).size().to_dict() == {
        ("a", "90+"): 3,
        ("b", "0-9"): 3,
        ("b", "20-29"): 3,
    }


def test_the_order_of_the_rows_does_not_matter_and_the_seed_does() -> None:
    chosen = choose_samples(FACES, per_band=3, seed=1)["image_id"].tolist()
    assert choose_samples(shuffled(FACES), per_band=3, seed=1)["image_id"].tolist() == chosen
    assert choose_samples(FACES, per_band=3, seed=2)["image_id"].tolist() != chosen
