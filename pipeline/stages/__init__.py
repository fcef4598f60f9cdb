"""The stages of dvc.yaml, one module each, whose function `run(params, paths)` reads, calls a library and writes."""

STAGES = (
    "build_manifest",
    "crop_faces",
    "locate_points",
    "deduplicate",
    "split",
    "rebalance",
    "cache_features",
    "tune",
    "train",
    "calibrate",
    "evaluate",
    "eda",
    "report",
    "export",
)
"""In the order of the pipeline."""
