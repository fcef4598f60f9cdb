"""Settings of property tests."""

import pytest

pytest.importorskip("hypothesis", reason="hypothesis is not installed")

from tests.properties.profiles import load_profile

load_profile()
