"""One reader per data set: a generator of one `Record` or `Rejection` for each file, or each line of a label file."""

from collections.abc import Callable, Iterator

from agelens.data_prep.core.records import Record, Rejection
from agelens.data_prep.readers.aaf import read_aaf
from agelens.data_prep.readers.adience import read_adience
from agelens.data_prep.readers.b3fd import read_b3fd
from agelens.data_prep.readers.fairface import read_fairface
from agelens.data_prep.readers.fgnet import read_fgnet
from agelens.data_prep.readers.synthetic import read_synthetic
from agelens.data_prep.readers.table import read_label_table
from agelens.data_prep.readers.utkface import read_utkface

READERS: dict[str, Callable[..., Iterator[Record | Rejection]]] = {
    "aaf": read_aaf,
    "adience": read_adience,
    "b3fd": read_b3fd,
    "fairface": read_fairface,
    "fgnet": read_fgnet,
    "synthetic": read_synthetic,
    "table": read_label_table,
    "utkface": read_utkface,
}
"""Every reader, by its name in params.yaml (`sources.<name>.reader`). `docs/adding.md` shows how to add one."""
