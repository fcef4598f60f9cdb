"""Faults that the tests once overlooked, and mutants that no test can notice: lists kept by hand for `mutants.py`."""

from dataclasses import dataclass


@dataclass(frozen=True)
class KnownMutant:
    """A fault that the tests once overlooked; a test must fail on it.

    Args:
        file: Path in the project.
        old: Text that the file holds once.
        new: The faulty text.
        tests: Which tests must notice; those that mirror the module by default.
    """

    file: str
    old: str
    new: str
    tests: tuple[str, ...] = ()


KNOWN: tuple[KnownMutant, ...] = ()

EQUIVALENT: frozenset[tuple[str, str, str]] = frozenset()
"""Mutants, as file, old and new text, that change nothing that a caller can see."""
