"""The engine of the stage `crop_faces`: threads of this machine, or a Ray cluster."""

from typing import Literal

from agelens.data_prep.faces.crop_manifest import Engine, run_threads
from agelens.data_prep.faces.ray_engine import run_ray


def choose_engine(name: Literal["local", "ray"]) -> Engine:
    """Return the function that crops a manifest."""
    return run_ray if name == "ray" else run_threads
