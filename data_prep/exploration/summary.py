"""All tables of an exploration, and its main figures by source."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from agelens.data_prep.core.labels import AgeGroups
from agelens.data_prep.exploration.ages import count_bands, count_years, describe_ages
from agelens.data_prep.exploration.balance import compare_balance, describe_balance
from agelens.data_prep.exploration.duplicates import describe_copies, find_copies, list_photos
from agelens.data_prep.exploration.flow import count_flow, set_aside
from agelens.data_prep.exploration.labels import count_attributes, describe_labels
from agelens.data_prep.exploration.parts import ALL, by_source, number
from agelens.data_prep.exploration.quality import (
    MEASURES,
    count_flags,
    count_measures,
    count_sizes,
    describe_measures,
    flag_rules,
)


@dataclass(frozen=True)
class Tables:
    """What the stages before the exploration wrote.

    Args:
        kept: The table of each stage, in their order: `build_manifest`, `crop_faces`, `deduplicate`, `split` (the train
            split) and `rebalance`.
        rejected: The rejected rows of each stage that has any.
        splits: All three splits by name.
    """

    kept: Mapping[str, pd.DataFrame]
    rejected: Mapping[str, pd.DataFrame]
    splits: Mapping[str, pd.DataFrame]


@dataclass(frozen=True)
class Rules:
    """What the figures depend on beside the tables.

    Args:
        groups: The age groups.
        tiny_side: Boxes with a shorter side below it, in pixels, are tiny.
        margin_fraction: The margin that crops should have.
        origins: Of the ages of each source: `real`, `apparent` or `unknown`.
    """

    groups: AgeGroups
    tiny_side: float
    margin_fraction: float
    origins: Mapping[str, str]


def make_tables(tables: Tables, images: pd.DataFrame, rules: Rules) -> dict[str, pd.DataFrame]:
    """Return the tables of an exploration by name, as docs/exploration.md describes them.

    Args:
        tables: Of the stages.
        images: As `measure_images` returns them.
        rules: Age groups and limits.

    Raises:
        DataError: The tables are of different runs.
    """
    manifest, train = tables.kept["build_manifest"], tables.splits["train"]
    copies = _copies(tables)
    removed = {**tables.rejected, "split": set_aside(tables.splits)}
    return {
        "flow": count_flow(tables.kept, {stage: removed[stage] for stage in tables.kept}),
        "years": count_years(manifest),
        "bands": count_bands(manifest, rules.groups),
        "attributes": count_attributes(manifest),
        "measures": describe_measures(images),
        "histograms": count_measures(images),
        "flags": count_flags(images, tiny_side=rules.tiny_side, margin_fraction=rules.margin_fraction),
        "sizes": count_sizes(images),
        "photos": list_photos(copies),
        "splits": _count_splits(tables.splits),
        "balance": compare_balance(train, tables.kept["rebalance"]),
        "images": images.round(4),
    }


def summarise(tables: Tables, images: pd.DataFrame, rules: Rules) -> dict[str, Any]:
    """Return the main figures: `all`, and `sources` by name, each with the same parts, and `balance` and `flags`.

    Args:
        tables: Of the stages.
        images: As `measure_images` returns them.
        rules: Age groups and limits.
    """
    manifest = tables.kept["build_manifest"]
    copies = describe_copies(_copies(tables), sorted(manifest["source"].unique()))
    measured = dict(by_source(images))
    flags = count_flags(images, tiny_side=rules.tiny_side, margin_fraction=rules.margin_fraction)
    shares = flags[flags["band"] == ALL].set_index(["source", "flag"])["share"]
    parts = {
        source: {
            "age_origin": _origins(part, rules),
            "labels": describe_labels(part),
            "ages": describe_ages(part, rules.groups),
            "medians": {name: number(_of(measured, source, images)[name].median()) for name in MEASURES},
            "flags": {name: number(share) for name, share in shares.get(source, pd.Series(dtype=float)).items()},
            "duplicates": copies[source],
            "rows": {stage: len(_of(dict(by_source(kept)), source, kept)) for stage, kept in tables.kept.items()},
        }
        for source, part in by_source(manifest)
    }
    described = flag_rules(tiny_side=rules.tiny_side, margin_fraction=rules.margin_fraction)
    return {
        "all": parts.pop(ALL),
        "sources": parts,
        "balance": describe_balance(tables.splits["train"], tables.kept["rebalance"]),
        "flags": {name: text for name, (text, _) in described.items()},
    }


def _copies(tables: Tables) -> pd.DataFrame:
    kept = tables.kept
    return find_copies(kept["crop_faces"], kept["deduplicate"], tables.rejected["deduplicate"])


def _of(parts: Mapping[str, pd.DataFrame], source: str, table: pd.DataFrame) -> pd.DataFrame:
    return parts.get(source, table.iloc[:0])


def _origins(part: pd.DataFrame, rules: Rules) -> dict[str, int]:
    """Return the number of rows by the origin of their ages."""
    counts = part["source"].map(dict(rules.origins)).value_counts()
    return {str(origin): int(rows) for origin, rows in counts.items()}


def _count_splits(splits: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the rows of each split by source, and their ages: `source`, `split`, `rows`, `groups`, `mean_age`, ..."""
    rows = [
        {
            "source": source,
            "split": name,
            "rows": len(part),
            "groups": int(part["group"].nunique()),
            "mean_age": number(part["age"].mean()),
            "median_age": number(part["age"].median()),
        }
        for name, table in splits.items()
        for source, part in by_source(table)
    ]
    return pd.DataFrame(rows).sort_values("source", kind="stable", ignore_index=True)
