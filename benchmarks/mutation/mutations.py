"""Small changes of a module's source, each of which at least one test must notice: the operators of `mutants.py`.

A mutation replaces the text of one node of the syntax tree, so that a report can print what was changed into what.
"""

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}

OPERATORS: dict[type[ast.AST], type[ast.AST]] = {
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Div,
    ast.Mod: ast.FloorDiv,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}

NAMES = {
    "min": "max",
    "max": "min",
    "minimum": "maximum",
    "maximum": "minimum",
    "any": "all",
    "all": "any",
    "floor": "ceil",
    "ceil": "floor",
    "mean": "median",
    "sorted": "list",
}
"""Functions and methods that are called in place of each other; `sorted` only without a key."""

LEFT_OUT = {"annotation", "returns", "decorator_list", "slice"}
"""Fields of the syntax tree that are not mutated: types do nothing when code runs, and a wrong index fails at once."""

KEPT_KEYWORDS = {"axis", "strict"}
"""Arguments that are not mutated: the last of two axes has two numbers, and `zip` is strict only to fail early."""

NO_LOCK = "__import__('contextlib').nullcontext()"


@dataclass(frozen=True, order=True)
class Mutation:
    """One change: the text `old` between two offsets in bytes of a source file becomes `new`.

    Args:
        start: Offset of the first byte.
        end: Offset after the last byte.
        line: Line of the first byte, counted from 1.
        old: The text that is replaced.
        new: The text that replaces it.
    """

    start: int
    end: int
    line: int
    old: str
    new: str

    def apply(self, source: bytes) -> bytes:
        """Return the mutated source."""
        return source[: self.start] + self.new.encode() + source[self.end :]


def find_mutations(source: bytes) -> list[Mutation]:
    """Return all mutations of a module, in the order of its text.

    Text, f-strings, patterns, `KEPT_KEYWORDS` and the fields of `LEFT_OUT` stay as they are.
    """
    lines = source.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    found = set()
    for tree in _mutable_nodes(ast.parse(source)):
        for node, new in _replacements(tree):
            start = starts[node.lineno - 1] + node.col_offset
            end = starts[(node.end_lineno or 0) - 1] + (node.end_col_offset or 0)
            found.add(Mutation(start, end, node.lineno, source[start:end].decode(), new))
    return sorted(found)


def _mutable_nodes(tree: ast.AST) -> Iterator[ast.expr | ast.stmt]:
    for name, value in ast.iter_fields(tree):
        if name in LEFT_OUT:
            continue
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST) or isinstance(child, ast.JoinedStr | ast.pattern):
                continue
            if isinstance(child, ast.expr | ast.stmt):
                yield child
            if not (isinstance(child, ast.keyword) and child.arg in KEPT_KEYWORDS):
                yield from _mutable_nodes(child)


def _replacements(node: ast.expr | ast.stmt) -> Iterator[tuple[ast.expr | ast.stmt, str]]:
    """Yield nodes and the texts that may replace them; a statement may replace parts of itself."""
    match node:
        case ast.Expr(value=ast.Call()):
            yield node, "pass"
        case ast.If(test=test):
            yield test, "False"
        case ast.With(items=items):
            locks = [item.context_expr for item in items if ast.unparse(item.context_expr).endswith("lock")]
            yield from ((lock, NO_LOCK) for lock in locks)
        case ast.Constant(value=value):
            yield from ((node, text) for text in _other_constants(value))
        case ast.expr():
            yield from ((node, f"({ast.unparse(other)})") for other in _other_expressions(node))


def _other_expressions(node: ast.expr) -> Iterator[ast.expr]:
    match node:
        case ast.Compare():
            yield from _other_comparisons(node)
        case ast.Call():
            yield from _other_calls(node)
        case ast.Dict():
            yield from _smaller_dicts(node)
        case ast.BoolOp(op=op) | ast.BinOp(op=op) if type(op) in OPERATORS:
            yield _with(node, op=OPERATORS[type(op)]())
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
            yield operand
        case ast.IfExp(body=body, orelse=orelse):
            yield from (body, orelse)


def _other_constants(value: object) -> list[str]:
    if isinstance(value, bool):
        return [str(not value)]
    if isinstance(value, int):
        return [str(other) for other in dict.fromkeys((0, value + 1, 2 * value)) if other != value]
    if isinstance(value, float):
        return [repr(other) for other in ((0.0, 2 * value) if value else (1.0,))]
    return []


def _other_comparisons(node: ast.Compare) -> Iterator[ast.Compare]:
    for position, op in enumerate(node.ops):
        yield _with(node, ops=[*node.ops[:position], COMPARISONS[type(op)](), *node.ops[position + 1 :]])


def _other_calls(node: ast.Call) -> Iterator[ast.expr]:
    """Yield the call of another function, and the call without each keyword of a constant."""
    match node.func:
        case ast.Name(id=name) if name in NAMES:
            if name != "sorted" or not node.keywords:
                yield _with(node, func=ast.Name(NAMES[name], ast.Load()))
        case ast.Attribute(attr=name) if name in NAMES:
            yield _with(node, func=_with(node.func, attr=NAMES[name]))
    for keyword in node.keywords:
        if keyword.arg and keyword.arg not in KEPT_KEYWORDS and isinstance(keyword.value, ast.Constant):
            yield _with(node, keywords=[each for each in node.keywords if each is not keyword])


def _smaller_dicts(node: ast.Dict) -> Iterator[ast.Dict]:
    """Yield the dict without each of its entries."""
    for left_out in range(len(node.keys)):
        rest = [number for number in range(len(node.keys)) if number != left_out]
        yield ast.Dict([node.keys[number] for number in rest], [node.values[number] for number in rest])


def _with(node: Any, **fields: object) -> Any:
    """Return a copy of a node with other fields."""
    changed = copy.copy(node)
    for name, value in fields.items():
        setattr(changed, name, value)
    return changed
