"""Artifacts of runs: the splits, the network and the exported model, and which run made and used which version.

Splits and network are references: W&B gets the path and the digest of a file, and no content. Only the exported model
is a copy. A run uses an artifact by its content: equal files are one version, whichever run logs them first.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from agelens.pipeline.config.lineage import lineage_of
from agelens.pipeline.config.params import Params
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.tracking.names import MAX_ID, current_part, slug
from agelens.pipeline.tracking.run import Run

INPUTS: Mapping[str, tuple[str, ...]] = {
    "train": ("splits",),
    "tune": ("splits",),
    "eda": ("splits",),
    "calibrate": ("splits", "network"),
    "evaluate": ("splits", "network"),
    "export": ("splits", "network"),
}
"""Artifacts that the run of a stage uses."""

OUTPUTS: Mapping[str, str] = {"split": "splits", "train": "network", "export": "age-model"}
"""The artifact that the run of a stage makes."""

BEST = "best"
"""Alias of the newest exported model, which has the weights of the best epoch of its training."""


def input_digests(job: str, paths: Paths) -> dict[str, dict[str, str]]:
    """Return short hashes of the files that a run uses, by artifact and file: offline runs have only these."""
    return {name: found for name in INPUTS.get(job, ()) if (found := _digests(_files(name, paths)))}


def use_inputs(tracked: Run, job: str, params: Params, paths: Paths) -> None:
    """Declare what a run uses; only online, as W&B cannot do it offline, and not in a fold of a protocol."""
    if tracked.online and not current_part():
        for name in INPUTS.get(job, ()):
            _log(tracked.use_artifact, name, params, paths)


def log_output(tracked: Run, job: str, params: Params, paths: Paths) -> None:
    """Log what a run has made; nothing in a fold of a protocol, whose files are removed."""
    if tracked.active and job in OUTPUTS and not current_part():
        _log(tracked.log_artifact, OUTPUTS[job], params, paths)


def _log(send: Callable[..., None], name: str, params: Params, paths: Paths) -> None:
    """Send an artifact with the files that exist; nothing without any."""
    if not (files := _files(name, paths)):
        return
    import wandb  # noqa: PLC0415

    about = "+".join(params.sources) if name == "splits" else params.model.backbone
    kind = {"splits": "dataset", "network": "network", "age-model": "model"}[name]
    artifact: Any = wandb.Artifact(name=slug(f"{name}-{about}")[:MAX_ID], type=kind, metadata=_digests(files))
    for path in files:
        if name == "age-model":
            artifact.add_file(str(path), name=path.name)
        else:
            artifact.add_reference(f"file://{path.resolve()}", name=path.name)
    send(artifact, aliases=[BEST] if name == "age-model" else None)


def _digests(files: Sequence[Path]) -> dict[str, str]:
    """Return the short hashes by which results record their lineage, by the names of the files."""
    return {path.name: hash_ for path in files for hash_ in lineage_of(file=path).values()}


def _files(name: str, paths: Paths) -> list[Path]:
    files = {
        "splits": [paths.split_train, paths.split_val, paths.split_test],
        "network": [paths.age_net],
        "age-model": sorted(paths.exported.glob("*")),
    }
    return [path for path in files[name] if path.is_file()]
