"""A folder of malicious files: each is rejected with its reason, and memory stays bounded."""

import json
import resource
import struct
import subprocess
import sys
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from agelens.data_prep.core.images import Pixels, write_jpeg
from agelens.data_prep.faces.crop import CropShape
from agelens.data_prep.faces.crop_manifest import crop_manifest
from agelens.data_prep.faces.cropper import CropPlan, SourceRule
from agelens.data_prep.faces.detector import Detections
from agelens.data_prep.readers.utkface import read_utkface
from agelens.data_prep.sources.manifest import make_manifest
from tests.locations import ROOT

BOUND_MB = 1000
"""Above the memory of the imports. One of the large images needs 0.5 GB; one in each thread would exceed the bound."""


class NoFaces:
    """A detector that finds no face."""

    def detect(self, images: Sequence[Pixels]) -> list[Detections]:
        return [Detections(np.zeros((0, 4)), np.zeros(0)) for _ in images]


def black_png(height: int, width: int) -> bytes:
    """Return a black PNG of one bit per pixel: kilobytes that decode to gigabytes."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        body = kind + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes((width + 7) // 8 + 1) * height, 1)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.fixture
def malicious(tmp_path: Path) -> Path:
    """Return the folder of a source, which is a link, with malicious and valid files."""
    folder, outside = tmp_path / "store", tmp_path / "secret"
    folder.mkdir()
    outside.mkdir()
    bomb, big = black_png(30_000, 30_000), black_png(9_990, 10_000)
    for number in range(6):
        (folder / f"20_0_0_{number}.png").write_bytes(bomb)
        (folder / f"21_0_0_{number}.png").write_bytes(big)
    write_jpeg(folder / "22_0_0_1.jpg", np.zeros((40, 40, 3), dtype=np.uint8))
    write_jpeg(outside / "private.jpg", np.zeros((40, 40, 3), dtype=np.uint8))
    write_jpeg(folder / "23_0_0_1\nrm -rf.jpg", np.zeros((40, 40, 3), dtype=np.uint8))
    (folder / "24_0_0_1.jpg").symlink_to(outside / "private.jpg")
    (folder / "24_0_0_2.jpg").symlink_to("../secret/private.jpg")
    (folder / "24_0_0_3.jpg").symlink_to("/dev/zero")
    (folder / "25_0_0_1.jpg").symlink_to("22_0_0_1.jpg")
    (folder / "25_0_0_2.jpg").symlink_to("25_0_0_2.jpg")
    (tmp_path / "source").symlink_to(folder)
    return tmp_path / "source"


def crop_malicious(source: Path, crops: Path) -> dict[str, object]:
    """Crop a folder; return the reason for each file and the megabytes used beyond the imports."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    manifest, rejected = make_manifest(read_utkface(source), source="s", root=source)
    plan = CropPlan(lambda _: NoFaces(), CropShape(), {"s": SourceRule()})
    _, more = crop_manifest(manifest, plan, folder=crops, journal=crops / "state/journal.jsonl", fingerprint="one")
    reasons = {row["image_id"]: row["reason"] for table in (rejected, more) for row in table.to_dict("records")}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"reasons": reasons, "megabytes": (peak - before) / 1024}


def test_malicious_files_are_rejected_with_reasons_in_bounded_memory(malicious: Path, tmp_path: Path) -> None:
    code = (
        "import json, sys\nfrom pathlib import Path\n"
        "from tests.data_prep.core.test_malicious_files import crop_malicious\n"
        "print(json.dumps(crop_malicious(Path(sys.argv[1]), Path(sys.argv[2]))))"
    )
    words = [sys.executable, "-c", code, str(malicious), str(tmp_path / "crops")]
    ran = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    found = json.loads(ran.stdout)
    assert found["reasons"] == {
        **{f"s/20_0_0_{number}.png": "too_large" for number in range(6)},
        **{f"s/21_0_0_{number}.png": "no_face" for number in range(6)},  # just small enough to be decoded
        "s/22_0_0_1.jpg": "no_face",
        "s/23_0_0_1\\nrm -rf.jpg": "bad_name",  # control characters are written as escapes
        "s/24_0_0_1.jpg": "outside",
        "s/24_0_0_2.jpg": "outside",
        "s/24_0_0_3.jpg": "outside",
        "s/25_0_0_1.jpg": "no_face",  # a link to a file in the folder
        "s/25_0_0_2.jpg": "unreadable",  # a link to itself
    }
    assert found["megabytes"] < BOUND_MB
