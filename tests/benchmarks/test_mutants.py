"""The mutations that `make mutants` makes, on hand-written lines; and that its lists still fit the code."""

import pytest

from known_mutants import TOLERATED, ToleratedMutants, is_tolerated
from mutants import MODULES, ROOT, known_mutants, mirrored_tests
from mutations import find_mutations

CASES = {
    "x = 3": ["x = 0", "x = 4", "x = 6"],
    "x = 0.5": ["x = 0.0", "x = 1.0"],
    "x = True": ["x = False"],
    "a < b": ["(a <= b)"],
    "a in b": ["(a not in b)"],
    "a and b": ["(a or b)"],
    "not a": ["(a)"],
    "a - b * c": ["(a + b * c)", "a - (b / c)"],
    "x = np.minimum(a, b)": ["x = (np.maximum(a, b))"],
    "x = sorted(a)": ["x = (list(a))"],
    "x = sorted(a, key=b)": [],
    "x = f(a, kind='stable')": ["x = (f(a))"],
    "x = a if b else c": ["x = (a)", "x = (c)"],
    "f()": ["pass"],
    "x = {a: b, **c}": ["x = ({**c})", "x = ({a: b})"],
    "if a: b": ["if False: b"],
    "with self._lock: a": ["with __import__('contextlib').nullcontext(): a"],
    "with lock(), open(a): b": [],
    "def f(a: int = 1): a": ["def f(a: int = 0): a", "def f(a: int = 2): a"],
    "x: Annotated[int, 3] = a[5]": [],
    "'text'": [],
    "x = f'{a - b}'": [],
    "é = 0": ["é = 1"],
}


@pytest.mark.parametrize(("source", "mutated"), CASES.items())
def test_a_line_is_mutated_in_these_ways(source: str, mutated: list[str]) -> None:
    assert [mutation.apply(source.encode()).decode() for mutation in find_mutations(source.encode())] == mutated


def test_a_mutation_names_its_line_and_text() -> None:
    (mutation,) = find_mutations(b"a\n\nx = (b <\n     c)\n")
    assert (mutation.line, mutation.old, mutation.new) == (3, "b <\n     c", "(b <= c)")


@pytest.mark.parametrize("pattern", MODULES)
def test_the_mutated_modules_exist(pattern: str) -> None:
    assert list(ROOT.glob(pattern))


def test_every_known_mutant_fits_the_code() -> None:
    assert all(mutant.source != (ROOT / mutant.file).read_bytes() for mutant in known_mutants())


@pytest.mark.parametrize("tolerated", TOLERATED, ids=lambda each: f"{each.file}: {each.line} {each.only}")
def test_every_tolerated_mutant_fits_the_code(tolerated: ToleratedMutants) -> None:
    source = (ROOT / tolerated.file).read_bytes()
    lines = source.decode().splitlines()
    mutations = [each for each in find_mutations(source) if lines[each.line - 1].strip().startswith(tolerated.line)]
    assert any(is_tolerated(tolerated.file, source, mutation) for mutation in mutations)


def test_a_module_is_tested_by_the_files_of_its_name_or_by_its_room() -> None:
    assert mirrored_tests("data_prep/core/boxes.py") == ("tests/data_prep/core/test_boxes.py",)
    assert mirrored_tests("data_prep/core/records.py") == ("tests/data_prep/core",)
