"""The sections of params.yaml, one class each, with the types, limits and defaults of their settings."""

from agelens.pipeline.config.sections.data import (
    Augment,
    BuildManifest,
    CropFaces,
    Deduplicate,
    Rebalance,
    Source,
    Split,
)
from agelens.pipeline.config.sections.fields import Section, SourceName
from agelens.pipeline.config.sections.search import Domain, NetworkSpace, Retrain, SearchSpace, Space, Tune
from agelens.pipeline.config.sections.training import (
    CacheFeatures,
    Calibrate,
    Evaluate,
    Export,
    Loss,
    Model,
    Phase,
    Phase1,
    Phase2,
    Report,
    Train,
)

__all__ = [
    "Augment",
    "BuildManifest",
    "CacheFeatures",
    "Calibrate",
    "CropFaces",
    "Deduplicate",
    "Domain",
    "Evaluate",
    "Export",
    "Loss",
    "Model",
    "NetworkSpace",
    "Phase",
    "Phase1",
    "Phase2",
    "Rebalance",
    "Report",
    "Retrain",
    "SearchSpace",
    "Section",
    "Source",
    "SourceName",
    "Space",
    "Split",
    "Train",
    "Tune",
]
