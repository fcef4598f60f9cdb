"""Random tables of grouped rows, for property tests."""

import pandas as pd
from hypothesis import strategies as st

from agelens.data_prep.core.labels import MAX_AGE
from tests.factories import grouped_table

ages = st.integers(0, MAX_AGE).map(float)
intervals = st.tuples(ages, ages).map(lambda pair: (min(pair), max(pair)))
labels = st.one_of(ages, ages, intervals)


@st.composite
def grouped_rows(draw: st.DrawFn, *, least: int = 3, most: int = 60) -> pd.DataFrame:
    """Draw a table that follows GROUPED: up to three sources, groups of several rows, exact ages and intervals."""
    count = draw(st.integers(least, most))
    table = grouped_table(
        count,
        ages=draw(st.lists(labels, min_size=1, max_size=count)),
        sources=draw(st.sampled_from([("a",), ("a", "b"), ("c", "a", "b")])),
    )
    groups = draw(st.integers(1, count))
    return table.assign(group=[f"g{draw(st.integers(0, groups - 1))}" for _ in range(count)])
