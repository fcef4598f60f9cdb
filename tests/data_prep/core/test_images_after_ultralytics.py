"""Reading images in a process that has imported ultralytics, which replaces a function of Pillow."""

import subprocess
import sys


def test_a_file_that_is_no_image_has_its_reason_also_after_ultralytics_was_imported(tmp_path):
    code = (
        "import sys; from pathlib import Path\n"
        "from agelens.data_prep.core.errors import ImageError\n"
        "from agelens.data_prep.faces.torch_detector import import_ultralytics\n"
        "from agelens.data_prep.core.images import read_rgb\n"
        "import_ultralytics(Path(sys.argv[1]))\n"
        "try:\n    read_rgb(Path(sys.argv[1]) / 'text.jpg')\nexcept ImageError as error:\n    print(error.reason)\n"
    )
    (tmp_path / "text.jpg").write_text("no image")
    ran = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False)
    assert ran.stdout.splitlines()[-1:] == ["not_an_image"], ran.stderr
