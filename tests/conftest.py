"""What holds for every test: nothing leaves this machine, and nothing is written into the home folder."""

from collections.abc import Iterator

import pytest

OUTSIDE_FOLDERS = ("WANDB_DIR", "WANDB_DATA_DIR", "WANDB_CACHE_DIR", "WANDB_CONFIG_DIR", "YOLO_CONFIG_DIR")
"""Settings by which libraries would choose a folder of their own; they read them when they are imported."""


@pytest.fixture(scope="session", autouse=True)
def _isolated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Turn W&B off and keep libraries' folders out of the home folder; for the session, so that fixtures obey too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WANDB_MODE", "disabled")
        patch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
        patch.delenv("WANDB_API_KEY", raising=False)
        for name in OUTSIDE_FOLDERS:
            patch.setenv(name, str(tmp_path_factory.mktemp(name.lower())))
        yield
