"""Read raw folders into one table of labelled photographs."""

import json
from collections.abc import Mapping
from typing import Any

from agelens.data_prep.core.atomic import write_json
from agelens.data_prep.core.tables import MANIFEST, REJECTED, write_table
from agelens.data_prep.readers import READERS
from agelens.data_prep.sources.manifest import check_labelled, combine_manifests, count_reasons, make_manifest
from agelens.data_prep.sources.raw_files import RawFiles, describe_raw_files, files_below
from agelens.pipeline.config.params import Params
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.config.sections.data import Source
from agelens.pipeline.progress import say


def run(params: Params, paths: Paths) -> None:
    """Write the labelled photographs of all sources, what was rejected, and the description of the raw files."""
    write_json(paths.raw_files, {name: files.to_json() for name, files in raw_files_of(params).items()})
    tables, rejects = [], []
    for name, source in params.sources.items():
        found = READERS[source.reader](source.path, **source.options)
        root = None if source.reader == "table" else source.path
        table, rejected = make_manifest(
            found, source=name, max_age=params.build_manifest.max_age, root=root, links_into=source.links_into
        )
        check_labelled(name, table, rejected)
        say(f"{name}: {len(table)} labelled, {len(rejected)} rejected")
        if len(rejected):
            say(f"  rejected: {count_reasons(rejected)}; each with its reason in {paths.manifest_rejected}")
        if clipped := int(table["age_clipped"].sum()):
            say(f"  {clipped} ages above {params.build_manifest.max_age} became {params.build_manifest.max_age}")
        tables.append(table)
        rejects.append(rejected)
    write_table(paths.manifest, combine_manifests(tables), MANIFEST)
    write_table(paths.manifest_rejected, combine_manifests(rejects, schema=REJECTED), REJECTED)


def raw_files_of(params: Params) -> dict[str, RawFiles]:
    """Return the description of the raw files of each source, which changes with them."""
    return {name: _describe(source) for name, source in params.sources.items()}


def _describe(source: Source) -> RawFiles:
    """Describe all files of a folder, or a table and the photographs that it lists."""
    listed = (item.path for item in READERS[source.reader](source.path)) if source.path.is_file() else ()
    return describe_raw_files([*files_below(source.path), *listed], root=source.path.parent)


def changed_sources(found: Mapping[str, Any], paths: Paths) -> list[str]:
    """Return the names of sources that were added, removed or changed since the manifest or the last check.

    Args:
        found: The present descriptions, as plain values.
        paths: The project, whose raw_files.json holds the earlier ones.
    """
    try:
        known = json.loads(paths.raw_files.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # not written yet, or damaged: all sources are new
        known = {}
    return sorted(name for name in {*found, *known} if found.get(name) != known.get(name))
