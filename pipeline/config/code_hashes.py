"""Hashes of source code: the syntax trees of a module and of all modules of this project that it imports.

Comments and docstrings do not change a hash. Another version of Python may.
"""

import ast
import hashlib
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

PACKAGE = "agelens"

LEFT_OUT = (
    "agelens.data_prep.core.errors",
    "agelens.pipeline.config.*",
    "agelens.pipeline.progress",
    "agelens.pipeline.stages",
    "agelens.pipeline.tracking",
    "agelens.pipeline.tracking.*",
)
"""Modules that change no result: they read settings, name files and stages, and report what happens.

The settings themselves are part of every fingerprint.
"""


@cache
def code_hash(*roots: str) -> str:
    """Return a short hash of the code of some modules and of all that they import; see `import_closure`."""
    code = "\n".join(f"{name} {_code(name).tree}" for name in sorted(import_closure(*roots)))
    return hashlib.sha256(code.encode()).hexdigest()[:16]


@cache
def import_closure(*roots: str) -> frozenset[str]:
    """Return some modules and all modules of this project that they import, directly or not.

    `LEFT_OUT` and packages without code in `__init__` are not among them. Imports inside functions count; imports by
    name, as with `importlib`, are not found.
    """
    found: set[str] = set()
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        if name not in found and not _is_left_out(name):
            found.add(name)
            waiting += [other for other in (*imports_of(name), name.rpartition(".")[0]) if is_ours(other)]
    return frozenset(name for name in found if _code(name).tree)


def imports_of(module: str) -> frozenset[str]:
    """Return every module, of this project or not, that a module imports anywhere in its code."""
    return _code(module).imports


def is_ours(name: str) -> bool:
    """Return whether a module is of this project."""
    return name.startswith(f"{PACKAGE}.")


def source_of(module: str) -> Path | None:
    """Return the file of a module of this project, without importing it; None if there is none."""
    room, *inner = module.removeprefix(f"{PACKAGE}.").split(".")
    spec = find_spec(f"{PACKAGE}.{room}")
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(spec.submodule_search_locations[0])
    path = folder.joinpath(*inner)
    candidates = (path / "__init__.py", path.parent / f"{path.name}.py") if inner else (path / "__init__.py",)
    return next((candidate for candidate in candidates if candidate.is_file()), None)


def _imports(nodes: Iterator[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            inside = (f"{node.module}.{alias.name}" for alias in node.names)
            yield from (name for name in inside if is_ours(name) and source_of(name))


def _is_left_out(name: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in LEFT_OUT)


class _Code(NamedTuple):
    """A module's syntax tree as text, empty without code, and the modules that it imports."""

    tree: str
    imports: frozenset[str]


def _code(module: str) -> _Code:
    path = source_of(module)
    if path is None:
        msg = f"There is no module {module}."
        raise ModuleNotFoundError(msg)
    return _read_code(path)


@cache
def _read_code(path: Path) -> _Code:
    """Parse a file and drop its docstrings."""
    tree = ast.parse(path.read_bytes())
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [each for each in body if not _is_text(each)]  # type: ignore[attr-defined]
    return _Code(ast.dump(tree) if tree.body else "", frozenset(_imports(ast.walk(tree))))


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
