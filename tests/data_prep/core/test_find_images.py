"""Which files of a folder are found as images."""

from pathlib import Path

from agelens.data_prep.core.images import find_images


def test_images_are_found_in_all_folders_and_sorted(tmp_path: Path) -> None:
    names = ["b.jpg", "a/z.PNG", "a/b/c.jpeg", "a.webp", "c.d/x.tif", "B.JPG"]
    for name in [*names, "a/label.txt", "notes.md", "jpg", "a/photo.jpg.json"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "folder.jpg").mkdir()
    assert find_images(tmp_path) == sorted(tmp_path / name for name in names)


def test_links_to_files_outside_of_the_folder_are_not_found(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "inside and more"
    for folder in (inside / "deep", outside):
        folder.mkdir(parents=True)
        (folder / "real.jpg").touch()
    (inside / "stays.jpg").symlink_to("deep/real.jpg")
    (inside / "leaves.jpg").symlink_to(outside / "real.jpg")
    (inside / "deep" / "climbs.jpg").symlink_to("../../inside and more/real.jpg")
    (inside / "loop.jpg").symlink_to("loop.jpg")
    (inside / "folder").symlink_to(outside)
    (inside / "again").symlink_to(inside)
    found = {path.relative_to(inside).as_posix() for path in find_images(inside)}
    assert found - {"loop.jpg"} == {"deep/real.jpg", "stays.jpg"}


def test_a_folder_behind_a_link_is_searched(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.jpg").touch()
    (tmp_path / "real" / "b.jpg").symlink_to("a.jpg")
    (tmp_path / "link").symlink_to("real")
    assert find_images(tmp_path / "link") == [tmp_path / "link" / "a.jpg", tmp_path / "link" / "b.jpg"]
