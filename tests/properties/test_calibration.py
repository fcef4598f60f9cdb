"""Calibrated ages and intervals, for any outputs of a network."""

import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from agelens.data_prep.core.labels import MAX_AGE
from agelens.models.calibration.calibration import Calibration
from agelens.models.calibration.fit import fit_calibration, fit_intervals
from agelens.models.calibration.intervals import conformal_quantile

ages = st.floats(0, MAX_AGE, allow_nan=False)


@st.composite
def outputs(draw, *, least=1, most=40):
    """Draw ages `(N,)`, age distributions `(N, 101)` and true ages `(N,)`."""
    count, seed = draw(st.integers(least, most)), draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    sharpness = draw(st.sampled_from([0.01, 0.3, 3.0, 50.0]))
    distribution = rng.dirichlet(np.full(MAX_AGE + 1, 1 / sharpness), count)
    return distribution @ np.arange(MAX_AGE + 1), distribution, rng.integers(0, MAX_AGE + 1, count).astype(float)


@given(
    drawn=outputs(),
    shares=st.floats(0, 1),
    coverage=st.floats(0.5, 0.99),
    statistic=st.sampled_from(["mean", "median"]),
)
def test_intervals_contain_their_age_and_lie_in_the_range_of_ages(drawn, shares, coverage, statistic):
    age, distribution, _ = drawn
    calibration = Calibration(coverage=coverage, edges=(), shares=(shares,), statistic=statistic)
    found = calibration.age(age, distribution)
    low, high = calibration.interval(found, distribution)
    assert np.isfinite([found, low, high]).all()
    assert ((low <= found) & (found <= high)).all()
    assert ((low >= 0) & (high <= MAX_AGE)).all()
    assert (high - low >= calibration.min_half_width - 1e-9).all()


@given(drawn=outputs(), shares=st.tuples(st.floats(0, 1), st.floats(0, 1)))
def test_a_larger_share_gives_no_smaller_interval(drawn, shares):
    age, distribution, _ = drawn
    small, large = (
        Calibration(coverage=0.9, edges=(), shares=(share,)).interval(age, distribution) for share in sorted(shares)
    )
    assert (large[0] <= small[0]).all()
    assert (large[1] >= small[1]).all()


@given(drawn=outputs(least=30, most=200), has_distribution=st.booleans(), statistic=st.sampled_from(["mean", "median"]))
def test_a_fitted_calibration_covers_its_own_faces_and_survives_json(drawn, has_distribution, statistic):
    age, distribution, true = drawn
    given_distribution = distribution if has_distribution else None
    statistic = statistic if has_distribution else "mean"
    fitted = fit_calibration(
        age, true, groups=[str(i) for i in range(len(age))], distribution=given_distribution, statistic=statistic
    ).calibration
    found = fitted.age(age, given_distribution)
    low, high = fitted.interval(found, given_distribution)
    covered = ((low <= true) & (true <= high)).mean()
    assert covered >= 0.85  # the fit uses the same faces; 0.9 less the rounding of a few faces
    again = Calibration.from_json(json.loads(json.dumps(fitted.to_json())))
    np.testing.assert_allclose(again.age(age, given_distribution), found, atol=1e-9)
    np.testing.assert_allclose(again.interval(found, given_distribution), (low, high), atol=1e-9)


@given(drawn=outputs(least=30, most=80), coverages=st.tuples(st.floats(0.5, 0.99), st.floats(0.5, 0.99)))
def test_a_higher_coverage_gives_no_smaller_interval(drawn, coverages):
    age, distribution, true = drawn
    small, large = (
        fit_intervals(age, true, true, distribution=distribution, coverage=coverage).interval(age, distribution)
        for coverage in sorted(coverages)
    )
    assert (large[0] <= small[0]).all()
    assert (large[1] >= small[1]).all()


@given(errors=st.lists(ages, min_size=1, max_size=60), coverage=st.floats(0.05, 0.99))
def test_the_conformal_quantile_covers_its_share_or_is_the_limit(errors, coverage):
    found = conformal_quantile(np.array(errors), coverage)
    assert found == MAX_AGE or (np.array(errors) <= found).mean() >= coverage - 1e-9
