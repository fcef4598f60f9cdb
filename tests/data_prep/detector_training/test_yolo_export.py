"""The mean of two checkpoints, with shifted scores."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from agelens.data_prep.core.errors import WeightsError
from agelens.data_prep.detector_training.yolo_export import blend_checkpoints
from agelens.weights.defaults import DETECTOR_TORCH
from tests.locations import ROOT

BLEND = """
import sys
from pathlib import Path

import torch

from agelens.data_prep.detector_training.yolo_export import blend_checkpoints

start, folder = Path(sys.argv[1]), Path(sys.argv[2])
other = torch.load(start, map_location="cpu", weights_only=False)
for value in other["model"].state_dict().values():
    if value.is_floating_point():
        value.mul_(3.0)
torch.save(other, folder / "other.pt")
options = {"share": 0.75, "score": 0.4, "trusted": None}
blend_checkpoints(start, folder / "other.pt", folder / "blend.pt", **options)
before, after = (torch.load(path, weights_only=False)["model"].float() for path in (start, folder / "blend.pt"))
kernels = before.model[0].conv.weight, after.model[0].conv.weight
biases = before.model[-1].cv3[0][-1].bias, after.model[-1].cv3[0][-1].bias
print(*(float(part.detach().flatten()[0]) for pair in (kernels, biases) for part in pair))
"""


@pytest.mark.slow
def test_the_mean_is_weighted_and_scores_are_shifted(tmp_path: Path) -> None:
    pytest.importorskip("ultralytics", reason="the extra `train` is not installed")
    # In another process, because torch and TensorFlow conflict in one.
    done = subprocess.run(
        [sys.executable, "-c", BLEND, str(DETECTOR_TORCH), str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    kernel, blended_kernel, bias, blended_bias = (float(number) for number in done.stdout.split()[-4:])
    assert blended_kernel == pytest.approx(1.5 * kernel, rel=1e-2)  # 0.75 * 1 + 0.25 * 3
    logit = np.log(0.3 / 0.7) - np.log(0.4 / 0.6)
    assert blended_bias == pytest.approx(1.5 * bias + logit, rel=1e-2)


def test_an_untrusted_checkpoint_is_not_loaded(tmp_path: Path) -> None:
    (tmp_path / "strange.pt").write_bytes(b"pickle")
    with pytest.raises(WeightsError, match="--trust"):
        blend_checkpoints(tmp_path / "strange.pt", DETECTOR_TORCH, tmp_path / "blend.pt", share=0.5)
    assert not (tmp_path / "blend.pt").exists()
