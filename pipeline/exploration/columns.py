"""The columns of the tables of the page, with the keys of summary.json and of the tables in reports/eda."""

from agelens.data_prep.core.labels import ATTRIBUTES as NAMES
from agelens.pipeline.reports.numbers import Column

FIGURES = (
    Column("source", "name"),
    Column("photographs", "labels.rows", "count"),
    Column("mean age", "ages.mean", "years1"),
    Column("median", "ages.median", "years1"),
    Column("sd", "ages.sd", "years1"),
    Column("skewness", "ages.skewness", "years"),
    Column("largest band", "ages.largest_band"),
    Column("its share", "ages.largest_band_share", "share"),
    Column("largest / smallest band", "ages.band_imbalance", "number"),
    Column("rows to train on", "rows.rebalance", "count"),
)
LABELS = (
    Column("source", "name"),
    Column("ages are", "origins"),
    Column("intervals", "labels.interval", "share"),
    *(Column(f"no {name}", f"labels.missing_{name}", "share") for name in NAMES),
    Column("people known", "labels.rows_with_subject", "share"),
    Column("people", "labels.subjects", "count"),
    Column("years without a row", "ages.years_without_rows", "count"),
    Column("divisible by five", "ages.share_of_fives", "share"),
)
COPIES = (
    Column("source", "name"),
    Column("photos with several files", "duplicates.photos", "count"),
    Column("their files", "duplicates.files", "count"),
    Column("labels conflict", "duplicates.conflicts", "count"),
    Column("of several sources", "duplicates.across_sources", "count"),
    Column("median difference, years", "duplicates.median_gap", "number"),
    Column("largest", "duplicates.largest_gap", "number"),
    *(Column(f"{name} differs", f"duplicates.{name}_differs", "count") for name in NAMES),
)
FLOW = (
    Column("source", "source"),
    Column("stage", "stage"),
    Column("reason", "reason"),
    Column("removed", "removed", "count"),
    Column("left", "left", "count"),
)
ATTRIBUTES = (
    Column("source", "source"),
    Column("label", "attribute"),
    Column("value", "value"),
    Column("photographs", "rows", "count"),
    Column("share", "share", "share"),
    Column("mean age", "mean_age", "years1"),
    Column("median age", "median_age", "years1"),
)
SPLITS = (
    Column("split", "split"),
    Column("source", "source"),
    Column("faces", "rows", "count"),
    Column("groups", "groups", "count"),
    Column("mean age", "mean_age", "years1"),
    Column("median age", "median_age", "years1"),
)
QUANTILES = (
    Column("measure", "title"),
    Column("source", "source"),
    Column("mean", "mean", "number"),
    *(Column(f"{int(name[1:])} %", name, "number") for name in ("q01", "q05", "q50", "q95", "q99")),
)
PHOTOS = (
    Column("photo", "photo"),
    Column("files", "files", "count"),
    Column("lowest age", "lowest_age", "number"),
    Column("highest age", "highest_age", "number"),
    Column("difference", "gap", "number"),
)

COLUMNS = {
    "figures": FIGURES,
    "labels": LABELS,
    "copies": COPIES,
    "flow": FLOW,
    "attributes": ATTRIBUTES,
    "splits": SPLITS,
    "quantiles": QUANTILES,
    "photos": PHOTOS,
}
"""By the names by which the template uses them."""
