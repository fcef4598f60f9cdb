"""What a stage uses, read from the source code: modules, settings of params.yaml, and files.

DVC follows neither imports nor calls. A dependency that dvc.yaml lacks leaves an old result in place; one too many
reruns hours of work. So `test_dvc_yaml.py` compares dvc.yaml with what is read here.
"""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import fields
from functools import cache
from importlib import import_module
from typing import Any

from agelens.pipeline.config.code_hashes import import_closure, is_ours, source_of
from agelens.pipeline.config.params import Params
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.config.sections.fields import Section
from tests.locations import ROOT

PACKAGES = ("data_prep", "models", "tuning", "weights", "pipeline")

Place = tuple[str, str]
"""A module and a name in it."""


def files_of_code(stage: str) -> set[str]:
    """Return the files of a stage and of every module that it imports, but for those that change no result."""
    sources = (source_of(module) for module in import_closure(f"agelens.pipeline.stages.{stage}"))
    return {source.resolve().relative_to(ROOT).as_posix() for source in sources if source}


def settings_of(stage: str) -> set[str]:
    """Return the settings that a stage's functions use, such as `crop_faces.size`, or their sections.

    A section that is used as a whole, or under another name, is returned as such; the empty name means all sections.
    """
    used: set[str] = set()
    for place, function in _functions_of(stage):
        parts = {id(node): fields for node, fields in _sections_in_part(place, function)}
        for node, chain in _attributes_of("Params", function):
            name = _setting(chain)
            used |= {f"{name}.{field}" for field in parts[id(node)]} if id(node) in parts else {name}
    return {name for name in used if not any(name.startswith(f"{other}.") for other in used)}


def keys_of(names: Iterable[str]) -> set[str]:
    """Return the keys of params.yaml in some sections; a setting without keys of its own is returned as such."""
    return {key for name in names for key in _keys_below(name)}


def _keys_below(name: str) -> Iterator[str]:
    section: Any = Params
    for part in name.split("."):
        section = section.model_fields[part].annotation if _is_section(section) else None
    if _is_section(section):
        for field in section.model_fields:
            yield from _keys_below(f"{name}.{field}")
    else:
        yield name


def _is_section(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Section)


def _sections_in_part(place: Place, function: ast.AST) -> Iterator[tuple[ast.AST, list[str]]]:
    """Yield the sections from which `from_section(KIND, section)` takes settings, and those: the fields of KIND."""
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "from_section":
            kind, section = node.args
            assert isinstance(kind, ast.Name)
            module, name = _names(place[0])[kind.id]
            given = {keyword.arg for keyword in node.keywords}
            yield (
                section,
                [each.name for each in fields(getattr(import_module(module), name)) if each.name not in given],
            )


def files_of_data(stage: str) -> set[str]:
    """Return the files and folders of `Paths` that a stage's functions use."""
    found = (names for _, function in _functions_of(stage) for _, names in _attributes_of("Paths", function))
    names = {names[0] for names in found}
    return {getattr(Paths(), name).as_posix() for name in names - {"root"}}


def _setting(names: list[str]) -> str:
    """Return as much of a chain of attributes as are settings of params.yaml, and no methods."""
    section: Any = Params
    for count, name in enumerate(names):
        if not (_is_section(section) and name in section.model_fields):
            return ".".join(names[:count])
        section = section.model_fields[name].annotation
    return ".".join(names)


def _attributes_of(kind: str, function: ast.AST) -> Iterator[tuple[ast.AST, list[str]]]:
    """Yield the attributes, and their attributes, that a function uses of its arguments of a class, as annotated.

    A call such as `params.model_dump()`, which uses all of them, has the empty name as a setting.
    """
    nodes = list(ast.walk(function))
    arguments = {
        node.arg
        for node in nodes
        if isinstance(node, ast.arg) and isinstance(node.annotation, ast.Name) and node.annotation.id == kind
    }
    inner = {id(node.value) for node in nodes if isinstance(node, ast.Attribute)}
    for node in nodes:
        if id(node) not in inner:
            root, names = _chain(node)
            if names and root in arguments:
                yield node, names


def _chain(node: ast.AST) -> tuple[str, list[str]]:
    """Return the name and the attributes of `name.a.b`."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.insert(0, node.attr)
        node = node.value
    return (node.id if isinstance(node, ast.Name) else "", names)


def _functions_of(stage: str) -> Iterator[tuple[Place, ast.AST]]:
    """Yield the functions and classes of `pipeline` that are reached from a stage's `run`, with their places."""
    start = f"agelens.pipeline.stages.{stage}"
    modules = {module for module in import_closure(start) if module.startswith("agelens.pipeline.")}
    modules.add("agelens.pipeline.config.fingerprints")
    found: set[Place] = set()
    waiting: list[Place] = [(start, "run")]
    while waiting:
        place = waiting.pop()
        module, name = place
        if place in found or module not in modules or name not in _definitions(module):
            continue
        found.add(place)
        definition = _definitions(module)[name]
        yield place, definition
        used = (node.id for node in ast.walk(definition) if isinstance(node, ast.Name))
        waiting += [_names(module)[each] for each in used if each in _names(module)]


@cache
def _names(module: str) -> dict[str, Place]:
    """Return where the names that a module defines or imports from ours come from."""
    names: dict[str, Place] = {}
    for node in ast.walk(_tree(module)):
        if isinstance(node, ast.ImportFrom) and node.module and is_ours(node.module):
            names |= {alias.asname or alias.name: (node.module, alias.name) for alias in node.names}
    return names | {name: (module, name) for name in _definitions(module)}


@cache
def _definitions(module: str) -> dict[str, ast.AST]:
    kinds = (ast.FunctionDef, ast.ClassDef)
    return {node.name: node for node in _tree(module).body if isinstance(node, kinds)}


@cache
def _tree(module: str) -> ast.Module:
    source = source_of(module)
    assert source is not None, module
    return ast.parse(source.read_bytes())
