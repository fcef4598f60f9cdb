"""One module per stage of dvc.yaml, with one function `run(params, paths)` that only moves data."""

STAGES = (
    "build_manifest",
    "crop_faces",
    "deduplicate",
    "split",
    "rebalance",
    "cache_features",
    "tune",
    "train",
    "calibrate",
    "evaluate",
    "report",
    "export",
)
"""In the order of the flow."""
