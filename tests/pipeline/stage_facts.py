"""What each stage depends on, read from the source code alone: modules, sections of params.yaml, files.

DVC follows neither imports nor calls. A line that dvc.yaml lacks leaves a stale result in place; a line too many reruns
hours for nothing. So the lines are derived here, and `test_dvc_yaml.py` compares.
"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import agelens.weights.defaults
from agelens.pipeline.config.paths import Paths
from tests.locations import ROOT

PACKAGES = ("data_prep", "models", "tuning", "weights", "pipeline")

WITHOUT_IDEAS = {
    "agelens": "the public names",
    "agelens.pipeline": "a docstring",
    "agelens.pipeline.stages": "the list of stages",
    "agelens.pipeline.config.params": "reads params.yaml, whose sections are declared one by one",
    "agelens.pipeline.config.sections": "says what may stand in them",
    "agelens.pipeline.config.paths": "names files, which are declared one by one",
    "agelens.pipeline.progress": "shows what happens",
    "agelens.pipeline.tracking": "tells W&B what happened",
}
"""Modules that change nothing of what a stage writes, and are therefore no dependency of it."""

Place = tuple[str, str]
"""A module and a name in it."""


def imported_modules(module: str) -> set[str]:
    """Return every module, ours or not, that a module of ours imports anywhere in its code."""
    found: set[str] = set()
    for node in ast.walk(_tree(module)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            inside = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {node.module} | {name for name in inside if is_ours(name) and is_module(name)}
    return found


def is_ours(module: str) -> bool:
    """Return whether a module is one of the project's."""
    return module == "agelens" or module.startswith("agelens.")


def is_module(name: str) -> bool:
    """Return whether a name of ours is a module, and not something in one."""
    return _file(name).is_file()


def files_of_modules(stage: str) -> set[str]:
    """Return the files that hold a stage's ideas: its own and what it imports, and what those read of their package."""
    modules = _imported_deeply(f"agelens.pipeline.stages.{stage}")
    return {_relative(_file(module)) for module in modules} | {name for module in modules for name in _data_of(module)}


def sections_of(stage: str) -> set[str]:
    """Return the sections of params.yaml that a stage's functions use; `model_dump` stands for all of them."""
    return {name for function in _reachable(stage) for name in _used_attributes(function, kind="Params")}


def files_of_data(stage: str) -> set[str]:
    """Return the files and folders that a stage reads or writes, as its functions name them."""
    named = {path for function in _reachable(stage) for path in _used_paths(function)}
    return named | {_relative(part) for place in _names_deeply(stage) for part in _embedded(place)}


# Modules


def _file(module: str) -> Path:
    path = ROOT.joinpath(*module.split(".")[1:]) if module != "agelens" else ROOT / "agelens"
    return path.with_suffix(".py") if path.with_suffix(".py").is_file() else path / "__init__.py"


def _relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def _tree(module: str) -> ast.Module:
    return ast.parse(_file(module).read_text(encoding="utf-8"))


@cache
def _imported_deeply(module: str) -> frozenset[str]:
    """Return a module and all of ours that it imports, with their packages as far as these hold more than words."""
    found: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name in found or name in WITHOUT_IDEAS:
            continue
        found.add(name)
        direct = {other for other in imported_modules(name) if is_ours(other)}
        packages = {other.rpartition(".")[0] for other in direct | {name}} - {""}
        waiting += sorted(direct | packages)
    return frozenset(name for name in found if any(not _is_text(node) for node in _tree(name).body))


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _data_of(module: str) -> Iterator[str]:
    """Yield the files of its own package that a module names; those of `weights` are found by their constants."""
    folder = ROOT / module.split(".")[1]
    if folder.name == "weights":
        return
    beside = {path.name: path for path in folder.rglob("*") if path.is_file() and path.suffix not in {".py", ".pyc"}}
    for node in ast.walk(_tree(module)):
        if isinstance(node, ast.Constant) and node.value in beside:
            yield _relative(beside[node.value])


# Functions


@cache
def _names(module: str) -> dict[str, Place]:
    """Return where the names that a module defines or imports from ours come from."""
    names: dict[str, Place] = {}
    for node in ast.walk(_tree(module)):
        if isinstance(node, ast.ImportFrom) and node.module and is_ours(node.module):
            names |= {alias.asname or alias.name: (node.module, alias.name) for alias in node.names}
    definitions = {name: (module, name) for name in _definitions(module)}
    return names | definitions


@cache
def _definitions(module: str) -> dict[str, ast.AST]:
    kinds = (ast.FunctionDef, ast.ClassDef)
    return {node.name: node for node in _tree(module).body if isinstance(node, kinds)}


@cache
def _names_deeply(stage: str) -> frozenset[Place]:
    """Return every name of ours that is met from a stage's `run` on, through the functions of `pipeline`."""
    found: set[Place] = set()
    waiting: list[Place] = [(f"agelens.pipeline.stages.{stage}", "run")]
    while waiting:
        place = waiting.pop()
        if place in found or place[0] in WITHOUT_IDEAS:
            continue
        found.add(place)
        module, name = place
        if module.startswith("agelens.pipeline.") and name in _definitions(module):
            used = (node.id for node in ast.walk(_definitions(module)[name]) if isinstance(node, ast.Name))
            waiting += [_names(module)[name] for name in used if name in _names(module)]
    return frozenset(found)


def _reachable(stage: str) -> Iterator[ast.AST]:
    for module, name in _names_deeply(stage):
        if module.startswith("agelens.pipeline.") and name in _definitions(module):
            yield _definitions(module)[name]


def _arguments(function: ast.AST, *, kind: str) -> set[str]:
    """Return the names of the arguments that are annotated with a class."""
    arguments = (node for node in ast.walk(function) if isinstance(node, ast.arg))
    return {node.arg for node in arguments if isinstance(node.annotation, ast.Name) and node.annotation.id == kind}


def _used_attributes(function: ast.AST, *, kind: str) -> set[str]:
    names = _arguments(function, kind=kind)
    return {
        node.attr
        for node in ast.walk(function)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in names
    }


# Files


class _PathNames(ast.NodeVisitor):
    """Collects `paths.X`, and `paths.X / "name"` as the file that it is."""

    def __init__(self, names: set[str]) -> None:
        self.names, self.found = names, set[str]()

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if isinstance(node.value, ast.Name) and node.value.id in self.names:
            self.found.add(getattr(Paths(), node.attr).as_posix())
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        below = node.right.value if isinstance(node.right, ast.Constant) else None
        inner = _PathNames(self.names)
        inner.visit(node.left)
        if isinstance(node.op, ast.Div) and isinstance(below, str) and isinstance(node.left, ast.Attribute):
            self.found |= {f"{folder}/{below}" for folder in inner.found}
        else:
            self.generic_visit(node)


def _used_paths(function: ast.AST) -> set[str]:
    collector = _PathNames(_arguments(function, kind="Paths"))
    collector.visit(function)
    return collector.found


def _embedded(place: Place) -> Iterator[Path]:
    """Yield the committed files behind a constant of `agelens.weights.defaults`; an OpenVINO network is two files."""
    module, name = place
    if module != "agelens.weights.defaults":
        return
    path: Path = getattr(agelens.weights.defaults, name)
    yield path
    if path.suffix == ".xml":
        yield path.with_suffix(".bin")
