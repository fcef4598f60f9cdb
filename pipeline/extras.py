"""The extras of the installation: which packages each one adds, and which commands need it."""

from importlib.util import find_spec

TRAINING_PACKAGES = {
    *(
        "altair",
        "cv2",
        "filelock",
        "jinja2",
        "keras",
        "keras_tuner",
        "markupsafe",
        "pandas",
        "psutil",
        "tensorflow",
        "torch",
    ),
    *("ultralytics", "vl_convert", "wandb", "wandb_workspaces"),
}
EXTRAS = {
    **dict.fromkeys(TRAINING_PACKAGES, "train"),
    **dict.fromkeys(("fastapi", "fastapi_offline", "limits", "uvicorn", "multipart"), "serve"),
    "gradio": "app",
    "huggingface_hub": "hub",
    **dict.fromkeys(("onnxruntime", "tf2onnx"), "onnx"),
    **dict.fromkeys(("supervision", "trackers"), "video"),
}
"""The extra that installs a package that the base installation does not have, by the package's import name."""


def has_extra(extra: str) -> bool:
    """Return whether all packages of an extra are installed; none is imported."""
    return all(find_spec(package) is not None for package, of_extra in EXTRAS.items() if of_extra == extra)


def check_extra(extra: str) -> None:
    """Raise `ModuleNotFoundError` for the first package of an extra that is not installed."""
    for package, of_extra in EXTRAS.items():
        if of_extra == extra and find_spec(package) is None:
            msg = f"No module named {package!r}"
            raise ModuleNotFoundError(msg, name=package)


def panel_of(extra: str) -> str | None:
    r"""Return the title under which `agelens --help` lists the commands that need an extra; None if it is installed.

    The title is markup of Rich, in which `\[` is a bracket.
    """
    return None if has_extra(extra) else rf"Commands that need: pip install 'agelens\[{extra}]'"
