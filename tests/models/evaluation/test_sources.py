"""What the labels of each source are."""

from agelens.models.evaluation.sources import label_facts, labels_by_source
from tests.factories import split_rows


def test_labels_are_counted_by_source() -> None:
    train = split_rows(4, ages=[10, (20, 29), 30, 40], sources=["b", "b", "a", "a"])
    test = split_rows(3, ages=[10, 20, (30, 39)], sources=["b", "c", "c"])
    table = labels_by_source({"train": train, "test": test}, origins={"a": "real", "b": "apparent"})
    assert table.to_numpy().tolist() == [
        ["a", "real", 2, 0, 1.0],
        ["b", "apparent", 2, 1, 2 / 3],
        ["c", "unknown", 0, 2, 0.5],
    ]


def test_facts_are_plain_values() -> None:
    train = split_rows(3, ages=[10, (20, 29), 30], sources=["a"])
    facts = [{"source": "a", "age_origin": "real", "faces": 3, "exact_share": 0.6667}]
    assert label_facts(train, origins={"a": "real"}) == facts


def test_no_rows_are_an_empty_table() -> None:
    assert labels_by_source({"train": split_rows(0), "test": split_rows(0)}, origins={}).empty
