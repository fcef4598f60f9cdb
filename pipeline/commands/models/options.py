"""Options that several commands share."""

MODEL_HELP = "Folder of an exported model, or hf://owner/name on the Hugging Face Hub; default: the bundled model."
"""Of `--model`."""
