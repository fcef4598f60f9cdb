"""Settings of every test: no network access, and no files in the home folder."""

from collections.abc import Iterator

import pytest

OUTSIDE_FOLDERS = ("WANDB_DIR", "WANDB_DATA_DIR", "WANDB_CACHE_DIR", "WANDB_CONFIG_DIR", "YOLO_CONFIG_DIR")
"""Environment variables of libraries' folders, which they read when they are imported."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run modules with slow tests first: long modules at the end would leave the other worker idle."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session", autouse=True)
def _isolated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Disable W&B and use temporary folders; for the whole session, so that it applies to fixtures too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WANDB_MODE", "disabled")
        patch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
        patch.delenv("WANDB_API_KEY", raising=False)
        for name in OUTSIDE_FOLDERS:
            patch.setenv(name, str(tmp_path_factory.mktemp(name.lower())))
        yield
