"""The journal: which results of an interrupted run are kept."""

import json
from pathlib import Path
from typing import Any

import pytest

from agelens.data_prep.faces.journal import Journal

ENTRIES: list[tuple[str, dict[str, Any]]] = [
    ("a", {"row": {"x1": 1.5, "score": None}}),
    ("photos/人物 é\n2.jpg", {"row": {"reason": "truncated"}}),
    ("c\udce9.jpg", {"file": [3, 1_234_567_890_123_456_789]}),
]


def write(path: Path, *, count: int = len(ENTRIES), fingerprint: str = "one") -> None:
    with Journal(path, fingerprint=fingerprint) as journal:
        journal.append(ENTRIES[:count])


def read(path: Path, *, fingerprint: str = "one") -> dict[str, object]:
    with Journal(path, fingerprint=fingerprint) as journal:
        return dict(journal.done)


def test_a_new_journal_is_empty_and_creates_its_folder(tmp_path: Path) -> None:
    assert read(tmp_path / "deep" / "journal.jsonl") == {}
    assert (tmp_path / "deep" / "journal.jsonl").read_text() == '{"fingerprint": "one"}\n'


def test_appended_results_are_kept(tmp_path: Path) -> None:
    with Journal(tmp_path / "j", fingerprint="one") as journal:
        journal.append(ENTRIES[:1])
        journal.append([])
        journal.append(ENTRIES[1:])
        assert journal.done == dict(ENTRIES)
    assert read(tmp_path / "j") == dict(ENTRIES)


def test_appended_results_are_in_the_file_before_it_is_closed(tmp_path: Path) -> None:
    with Journal(tmp_path / "j", fingerprint="one") as journal:
        journal.append(ENTRIES[:2])
        assert (tmp_path / "j").read_bytes().count(b"\n") == 3


def test_of_several_entries_of_an_image_the_last_is_used(tmp_path: Path) -> None:
    with Journal(tmp_path / "j", fingerprint="one") as journal:
        journal.append([("a", {"n": 1}), ("b", {"n": 2}), ("a", {"n": 3})])
    assert read(tmp_path / "j") == {"a": {"n": 3}, "b": {"n": 2}}


@pytest.mark.parametrize("cut", [1, 2, 10, 25])
def test_an_incomplete_last_line_is_dropped(tmp_path: Path, cut: int) -> None:
    write(tmp_path / "j")
    whole = (tmp_path / "j").read_bytes()
    (tmp_path / "j").write_bytes(whole[:-cut])
    assert read(tmp_path / "j") == dict(ENTRIES[:2])
    assert (tmp_path / "j").read_bytes() == b"".join(whole.splitlines(keepends=True)[:3])


def test_a_journal_truncated_anywhere_can_be_resumed(tmp_path: Path) -> None:
    write(tmp_path / "whole")
    content = (tmp_path / "whole").read_bytes()
    for length in range(len(content) + 1):
        path = tmp_path / "cut"
        path.write_bytes(content[:length])
        with Journal(path, fingerprint="one") as journal:
            journal.append((key, entry) for key, entry in ENTRIES if key not in journal.done)
        assert path.read_bytes() == content, f"cut after {length} bytes"


@pytest.mark.parametrize(
    "damage",
    [
        b"\0" * 40,
        b"\xff\xfe\n",
        b'{"half": \n["a", {}]\n',
        b"[1,",
        b"5\n",
        b'["a", 1]\n',
        b'["a"]\n',
        b"[" * 9999 + b"\n",
    ],
)
def test_all_lines_from_the_first_damaged_one_are_dropped(tmp_path: Path, damage: bytes) -> None:
    write(tmp_path / "j")
    with (tmp_path / "j").open("ab") as file:
        file.write(damage)
    assert read(tmp_path / "j") == dict(ENTRIES)


def test_a_journal_with_another_fingerprint_is_discarded(tmp_path: Path) -> None:
    write(tmp_path / "j", fingerprint="one")
    assert read(tmp_path / "j", fingerprint="two") == {}
    assert read(tmp_path / "j", fingerprint="one") == {}


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"not a journal\n", b'{"fingerprint": "one"}', b'["a", {"n": 1}]\n', b'{"fingerprint": "on']
)
def test_a_file_without_the_fingerprint_is_discarded(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "j").write_bytes(content)
    write(tmp_path / "j", count=1)
    lines = (tmp_path / "j").read_text().splitlines()
    assert [json.loads(line) for line in lines] == [{"fingerprint": "one"}, list(ENTRIES[0])]


def test_removed_images_are_removed_from_the_file(tmp_path: Path) -> None:
    with Journal(tmp_path / "j", fingerprint="one") as journal:
        journal.append([("a", {"n": 1}), ("b", {"n": 2}), ("c", {"n": 3}), ("a", {"n": 4})])
        journal.keep({"a", "c", "unknown"})
        assert journal.done == {"a": {"n": 4}, "c": {"n": 3}}
        journal.append([("d", {"n": 5})])
    lines = (tmp_path / "j").read_text().splitlines()
    assert [json.loads(line) for line in lines] == [
        {"fingerprint": "one"},
        ["a", {"n": 4}],
        ["c", {"n": 3}],
        ["d", {"n": 5}],
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["j"]


def test_a_journal_without_other_images_is_not_rewritten(tmp_path: Path) -> None:
    write(tmp_path / "j")
    before = (tmp_path / "j").stat().st_ino
    with Journal(tmp_path / "j", fingerprint="one") as journal:
        journal.keep([key for key, _ in ENTRIES])
    assert (tmp_path / "j").stat().st_ino == before
    assert read(tmp_path / "j") == dict(ENTRIES)


def test_after_a_failed_rewrite_the_journal_is_unchanged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, content: str) -> None:
        message = "no space left"
        raise OSError(message)

    write(tmp_path / "j")
    monkeypatch.setattr("agelens.data_prep.faces.journal.write_text", full)
    with Journal(tmp_path / "j", fingerprint="one") as journal, pytest.raises(OSError, match="no space"):
        journal.keep(["a"])
    assert read(tmp_path / "j") == dict(ENTRIES)
