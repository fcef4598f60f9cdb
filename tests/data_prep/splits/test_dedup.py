import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from agelens.data_prep.core.errors import DataError
from agelens.data_prep.core.images import Pixels, read_rgb
from agelens.data_prep.core.tables import GROUPED, REJECTED, check_table
from agelens.data_prep.splits.crop_signature import (
    describe_crop,
    perceptual_hash,
)
from agelens.data_prep.splits.dedup import (
    check_photos,
    find_groups,
    resolve_duplicates,
)
from tests.data_prep.splits.drawn_signatures import angle, draw_image, hand_made, photos
from tests.factories import grouped_table, shuffled
from tests.locations import SHARED_DATA

UTKFACE = SHARED_DATA / "utkface" / "UTKFace"


def recompress(image: Pixels, *, quality: int) -> Pixels:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=quality)
    return np.array(Image.open(buffer))


def resize(image: Pixels, *sizes: int) -> Pixels:
    resized = Image.fromarray(image)
    for size in sizes:
        resized = resized.resize((size, size), Image.Resampling.BICUBIC)
    return np.array(resized)


def photos_of(*crops: Pixels) -> list[str]:
    names = [chr(ord("a") + index) for index in range(len(crops))]
    return photos([describe_crop(crop) for crop in crops], names)


@pytest.mark.parametrize(
    "copy",
    [
        lambda image: image.copy(),
        lambda image: recompress(image, quality=60),
        lambda image: resize(image, 60, 128),
        lambda image: resize(image, 224),
        lambda image: recompress(resize(image, 96, 128), quality=75),
    ],
    ids=["equal", "recompressed", "shrunk and enlarged", "of another size", "shrunk and recompressed"],
)
@pytest.mark.parametrize("seed", range(5))
def test_a_copy_belongs_to_the_same_photo(copy, seed):
    image = draw_image(seed)
    assert photos_of(draw_image(99), image, copy(image)) == ["a", "b", "b"]


def test_two_hundred_different_images_are_two_hundred_photos():
    images = [describe_crop(draw_image(seed)) for seed in range(200)]
    names = [f"{index:03d}" for index in range(200)]
    assert photos(images, names) == names


def test_an_image_with_another_centre_is_another_photo():
    image = draw_image(3)
    painted = image.copy()
    painted[32:96, 32:96] = 255 - painted[32:96, 32:96]
    assert photos_of(image, painted) == ["a", "b"]


def test_crops_of_one_colour_are_duplicates_only_if_equal():
    black, grey = np.zeros((64, 64, 3), dtype=np.uint8), np.full((64, 64, 3), 90, dtype=np.uint8)
    assert photos_of(black, grey, black.copy()) == ["a", "b", "a"]


def test_a_signature_has_the_grey_values_of_the_reduced_crop():
    signature = describe_crop(draw_image(1))
    assert perceptual_hash(draw_image(1)) == signature.phash
    assert 0 < signature.phash < 2**64
    crop = np.full((64, 64, 3), 100, dtype=np.uint8)
    crop[10:12, 14:16] = 200
    grey = describe_crop(crop).grey
    assert (grey.shape, grey.dtype) == ((1024,), np.uint8)
    assert (grey[5 * 32 + 7], np.delete(grey, 5 * 32 + 7).tolist()) == (200, [100] * 1023)


def test_a_hash_has_half_of_its_bits_set_and_its_negative_has_the_others():
    image = draw_image(1)
    positive, negative = describe_crop(image).phash, describe_crop(255 - image).phash
    assert positive.bit_count() == 32
    # Only the first of the 64 frequencies, the brightness, is positive in both.
    assert (positive ^ negative).bit_count() >= 60


def test_the_same_bytes_in_another_shape_are_not_equal():
    wide = np.arange(64 * 32 * 3, dtype=np.uint32).astype(np.uint8).reshape(32, 64, 3)
    assert describe_crop(wide).pixels != describe_crop(wide.reshape(64, 32, 3)).pixels


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        (hand_made(0, *angle(0)), hand_made(0b11_1111_1111, *angle(14)), True),
        (hand_made(0, *angle(0)), hand_made(0b111_1111_1111, *angle(0)), False),
        (hand_made(0, *angle(0)), hand_made(0, *angle(14.2)), False),
        (hand_made(0, *angle(0)), hand_made(2**64 - 1, *angle(90)), False),
        (hand_made(0, *angle(0), pixels="x"), hand_made(2**64 - 1, *angle(90), pixels="x"), True),
    ],
    ids=["10 bits and 0.970", "11 bits", "correlation 0.969", "neither", "equal pixels"],
)
def test_both_measures_must_agree(first, second, same):
    assert photos([first, second], ["a", "b"]) == ["a", "a" if same else "b"]


def test_a_chain_of_similar_hashes_does_not_link_different_images():
    # Each hash differs by 8 bits from the one before: without the correlation, all eight would be one photo.
    chain = [hand_made((1 << 8 * step) - 1, *angle(40 * step)) for step in range(8)]
    assert len(set(photos(chain, list("abcdefgh")))) == 8
    assert len(set(photos(chain, list("abcdefgh"), min_correlation=-1))) == 1


def test_a_chain_of_links_is_one_photo_with_too_many_files():
    fade = [hand_made(0, *angle(10 * step)) for step in range(21)]
    photo = photos(fade, [f"{step:02d}" for step in range(21)])
    assert set(photo) == {"00"}
    with pytest.raises(DataError, match=r"at most 20 files. Received: 21 duplicates of 00"):
        check_photos(photo)
    check_photos(photo[:20])


def test_a_copy_of_a_copy_is_linked_through_equal_pixels():
    crops = [hand_made(0, *angle(0), pixels="p"), hand_made(0, *angle(0), pixels="p"), hand_made(0, *angle(10))]
    assert photos(crops, ["c", "b", "a"]) == ["a", "a", "a"]


def test_a_photo_has_the_smallest_name_in_any_order():
    images = [draw_image(1), draw_image(2), recompress(draw_image(1), quality=70)]
    signatures = [describe_crop(image) for image in images]
    for order in ([0, 1, 2], [2, 1, 0], [1, 2, 0]):
        names = np.array(["s/b", "s/c", "s/a"])[order]
        photo = dict(zip(names, photos([signatures[index] for index in order], names), strict=True))
        assert photo == {"s/b": "s/a", "s/c": "s/c", "s/a": "s/a"}


def test_pairs_are_found_across_blocks(monkeypatch):
    monkeypatch.setattr("agelens.data_prep.splits.near_hashes.BLOCK_ROWS", 3)
    monkeypatch.setattr("agelens.data_prep.splits.near_hashes.BLOCK_PAIRS", 6)
    monkeypatch.setattr("agelens.data_prep.splits.similar_pairs.BLOCK", 2)
    signatures = [describe_crop(draw_image(seed % 5)) for seed in range(5)]
    signatures += [describe_crop(recompress(draw_image(seed), quality=80)) for seed in range(5)]
    assert photos(signatures, list("abcdefghij")) == list("abcdeabcde")


def test_an_empty_list_has_no_photos():
    assert photos([], []) == []


@pytest.mark.parametrize(
    ("photo", "subject", "group"),
    [
        (["a", "b", "c"], [None, None, None], ["a", "b", "c"]),
        (["a", "b", "c"], ["x", None, "x"], ["a", "b", "a"]),
        (["a", "b", "c"], ["x", "y", None], ["a", "b", "c"]),
        (["a", "a", "c"], ["x", "y", "y"], ["a", "a", "a"]),
        (["d", "c", "c", "b", "b", "a"], ["1", "1", "2", "2", "3", "3"], ["a"] * 6),
        ([], [], []),
    ],
    ids=["separate", "same subject", "different subjects", "a photo joins two subjects", "a long chain", "no rows"],
)
def test_a_group_is_linked_by_photo_and_subject(photo, subject, group):
    assert find_groups(photo, pd.Series(subject, dtype="str")).tolist() == group


def test_a_dropped_duplicate_still_links_its_subject():
    table = grouped_table(3, photos=["p", "p", "q"], subjects=[None, "made:1", "made:1"])
    table["group"] = find_groups(table["photo"], table["subject"])
    kept, _ = resolve_duplicates(table)
    assert kept["image_id"].tolist() == ["made/00000.jpg", "made/00002.jpg"]
    assert set(kept["group"]) == {"p"}


@pytest.mark.parametrize(
    ("ages", "label"),
    [
        ([30, 30], (30, 30, 30)),
        ([30, 32], (31, 31, 31)),
        ([30, 31, 31], (31, 31, 31)),
        ([30, (25, 32)], (30, 30, 30)),
        ([(25, 32), 30], (30, 30, 30)),
        ([(25, 32), (25, 32)], (25, 32, 28.5)),
        ([(25, 32), (31, 40)], (28, 36, 32)),
        ([(15, 20), 22], (22, 22, 22)),
    ],
)
def test_one_row_of_a_photo_is_kept_with_the_median_label(ages, label):
    kept, rejected = resolve_duplicates(grouped_table(len(ages), photos=["made/00000.jpg"], ages=ages))
    assert kept["image_id"].tolist() == ["made/00000.jpg"]
    assert tuple(kept.loc[0, ["age_low", "age_high", "age"]]) == label
    assert kept.loc[0, "age_kind"] == ("exact" if label[0] == label[1] else "interval")
    assert rejected["reason"].tolist() == ["duplicate"] * (len(ages) - 1)
    assert rejected["detail"].tolist() == ["duplicate_of:made/00000.jpg"] * (len(ages) - 1)


@pytest.mark.parametrize("ages", [[30, 32.5], [30, 33, 31], [(15, 20), 23], [(15, 20), (25, 32)]])
def test_all_files_of_a_photo_with_conflicting_labels_are_rejected(ages):
    kept, rejected = resolve_duplicates(grouped_table(len(ages), photos=["p"], ages=ages))
    assert kept.empty
    assert rejected["reason"].tolist() == ["label_conflict"] * len(ages)


def test_the_detail_of_a_conflict_contains_the_labels():
    _, rejected = resolve_duplicates(grouped_table(2, photos=["p"], ages=[80, 31]))
    assert rejected["detail"].tolist() == ["labels from 31.0 to 80.0 years on photo p"] * 2


def test_the_allowed_gap_is_a_parameter():
    table = grouped_table(2, photos=["p"], ages=[30, 34])
    assert resolve_duplicates(table)[0].empty
    assert resolve_duplicates(table, max_age_gap=4)[0]["age"].tolist() == [32]


def test_both_tables_follow_their_schemas_and_contain_all_rows():
    table = grouped_table(6, photos=["p", "p", "q", "r", "r", "s"], ages=[20, 21, 30, 40, 60, 50])
    kept, rejected = resolve_duplicates(table)
    check_table(kept, GROUPED)
    check_table(rejected, REJECTED)
    assert (kept.dtypes == table.dtypes).all()
    assert sorted([*kept["image_id"], *rejected["image_id"]]) == sorted(table["image_id"])


@pytest.mark.parametrize("n", [0, 3])
def test_without_duplicates_nothing_changes(n):
    table = grouped_table(n, ages=[20, (25, 32), 70])
    kept, rejected = resolve_duplicates(table)
    pd.testing.assert_frame_equal(kept, table)
    check_table(rejected, REJECTED)
    assert rejected.empty


def test_the_result_does_not_depend_on_the_order_of_rows():
    table = grouped_table(8, photos=["p", "q", "q", "p", "r", "p", "s", "s"], ages=[20, 30, (25, 32), 21, 1, 22, 5, 50])
    first, second = resolve_duplicates(table), resolve_duplicates(shuffled(table))
    for one, other in zip(first, second, strict=True):
        pd.testing.assert_frame_equal(one, other.sort_values("image_id", ignore_index=True))


def test_a_photo_with_too_many_files_is_an_error():
    with pytest.raises(DataError, match=r"at most 2 files. Received: 3 duplicates of p"):
        resolve_duplicates(grouped_table(3, photos=["p"]), max_photo_files=2)


def test_twenty_files_of_a_photo_are_allowed_by_default():
    assert len(resolve_duplicates(grouped_table(20, photos=["p"]))[0]) == 1
    with pytest.raises(DataError, match=r"at most 20 files. Received: 21 duplicates"):
        resolve_duplicates(grouped_table(21, photos=["p"]))


@pytest.mark.skipif(not UTKFACE.is_dir(), reason="needs shared/data/utkface")
def test_real_faces_are_linked_by_hashes_but_not_by_both_measures():
    paths = sorted(UTKFACE.glob("*.jpg"))[:1500]
    signatures = [describe_crop(read_rgb(path)) for path in paths]
    names = [path.name for path in paths]

    def largest(photo: list[str]) -> int:
        return int(np.unique(photo, return_counts=True)[1].max())

    assert largest(photos(signatures, names, min_correlation=-1)) > 50
    assert 2 <= largest(photos(signatures, names)) <= 5
