"""What commands that run stages start with: the settings and the files of the project in the current folder."""

from agelens.pipeline.config.checkout import adopt_caches, link_raw_files
from agelens.pipeline.config.params import Params, read_params
from agelens.pipeline.config.paths import Paths


def open_project() -> tuple[Params, Paths]:
    """Read params.yaml; a temporary clone of DVC gets the sources and the caches of its checkout."""
    paths = Paths()
    params = read_params(paths.params)
    link_raw_files(params, paths.root)
    adopt_caches(paths.root)
    return params, paths
