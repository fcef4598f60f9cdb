"""The line that the command prints for an expected error: the file, and the stage that writes it."""

import re
from pathlib import Path

from agelens.data_prep.core.errors import AgelensError, ImageError
from agelens.pipeline.config.yaml_file import read_yaml

FILE = re.compile(r"(?<![\w./-])(?:data|reports|weights)/[\w./-]*\w")

ADVICE = re.compile(r"`(?:dvc repro|agelens run) (\w+)`")


def line_about(error: AgelensError, *, flow: Path = Path("dvc.yaml")) -> str:
    """Return the message of an error with the file of an image and the stage to run; see `advice_about`."""
    message = str(error)
    if isinstance(error, ImageError) and error.path is not None and str(error.path) not in message:
        message = f"{error.path}: {message}"
    advice = advice_about(message, flow=flow)
    return f"{message.removesuffix('.')}.{advice}" if advice else message


def advice_about(message: str, *, flow: Path = Path("dvc.yaml")) -> str:
    """Return a sentence that names the stage which writes the first file of a message, or the files of its stage.

    Args:
        message: Of an error. If it names both a stage to run and a file, there is nothing to add.
        flow: The stages; without such a file there is nothing to add.
    """
    if not flow.is_file():
        return ""
    writers = _writers(flow)
    if advised := ADVICE.search(message):
        outputs = [output for output, stage in writers.items() if stage == advised[1]]
        return f" It writes {', '.join(outputs)}." if outputs and not FILE.search(message) else ""
    for found in FILE.finditer(message):
        path = Path(found.group())
        for output, stage in writers.items():
            if path.is_relative_to(output):
                return f" `dvc repro {stage}` writes {path}."
    return ""


def _writers(flow: Path) -> dict[str, str]:
    """Return the stage of each output; none if the file is not as DVC writes it, which is another error."""
    try:
        stages = read_yaml(flow)["stages"]
        outputs = [(output, stage) for stage, found in stages.items() for output in found.get("outs", ())]
    except (AgelensError, KeyError, TypeError, AttributeError):
        return {}
    return {str(next(iter(output)) if isinstance(output, dict) else output): stage for output, stage in outputs}
