"""The mutants of a module, made by cosmic-ray: each is its code with one small change."""

import ast
import difflib
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import cosmic_ray.plugins
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.operator import Operator

from tests.mutation.words import ReplaceWord

# Arguments (of zip and dataclass fields) that tell a programmer of a mistake, and change nothing else.
_SHOW_OUR_FAULTS = frozenset({"strict", "repr"})


@dataclass(frozen=True, slots=True)
class Mutant:
    """The change number `occurrence` of an operator in a module, named by its path in the package.

    `before`: the module's code; `line` counts from 1.
    """

    module: str
    before: str
    operator: Operator
    occurrence: int
    line: int

    def code(self) -> str:
        changed: str = mutate_code(self.before, self.operator, self.occurrence)
        return changed


def sample(modules: Mapping[str, str], number: int, seed: int) -> list[Mutant]:
    """From code by module, up to `number` mutants, no two at one position: the same ones for the same code and seed."""
    shuffled = random.Random(seed)
    places = [mutants for module, code in modules.items() for mutants in _by_position(module, code)]
    chosen = shuffled.sample(places, min(number, len(places)))
    return [shuffled.choice(mutants) for mutants in chosen]


def changed_lines(before: str, after: str) -> tuple[str, str]:
    """The lines that differ, without indentation: as they were, as they are."""
    lines = list(difflib.ndiff(before.splitlines(), after.splitlines()))
    removed, added = (" ".join(line[2:].strip() for line in lines if line.startswith(sign)) for sign in ("- ", "+ "))
    return removed, added


def _operators() -> Iterator[Operator]:
    for name in sorted(cosmic_ray.plugins.operator_names()):
        operator = cosmic_ray.plugins.get_operator(name)
        if not operator.arguments():
            yield operator()
    yield ReplaceWord()


def _by_position(module: str, code: str) -> list[list[Mutant]]:
    nodes = list(ast_nodes(get_ast(code)))
    without_effect = set(_without_effect(ast.parse(code)))
    found: dict[tuple[int, int], list[Mutant]] = {}
    for operator in _operators():
        positions = [start for node in nodes for start, _ in operator.mutation_positions(node)]
        for occurrence, start in enumerate(positions):
            if start not in without_effect:
                found.setdefault(start, []).append(Mutant(module, code, operator, occurrence, start[0]))
    return [found[start] for start in sorted(found)]


def _without_effect(tree: ast.Module) -> Iterator[tuple[int, int]]:
    """Positions in types, in `__all__`, in decorators (frozen, slots, maxsize) and in _SHOW_OUR_FAULTS."""
    for node in ast.walk(tree):
        for part in _list_parts(node):
            yield from _positions(part)


def _list_parts(node: ast.AST) -> list[ast.expr]:
    match node:
        case ast.FunctionDef(returns=returns, decorator_list=decorators):
            return [*decorators, *([returns] if returns else [])]
        case ast.ClassDef(decorator_list=decorators):
            return decorators
        case ast.AnnAssign(annotation=ast.Name("TypeAlias"), value=ast.expr() as value):
            return [value]
        case ast.AnnAssign(annotation=ast.expr() as annotation) | ast.arg(annotation=ast.expr() as annotation):
            return [annotation]
        case ast.keyword(arg=arg, value=value) if arg in _SHOW_OUR_FAULTS:
            return [value]
        case ast.Assign(targets=[ast.Name("__all__")], value=value):
            return [value]
        case ast.Assign(value=ast.Subscript(value=ast.Name("Literal")) as value):
            return [value]
    return []


def _positions(part: ast.expr) -> Iterator[tuple[int, int]]:
    # An operator starts between its operands: every column of the part.
    for line in range(part.lineno, (part.end_lineno or part.lineno) + 1):
        first = part.col_offset if line == part.lineno else 0
        last = part.end_col_offset if line == part.end_lineno and part.end_col_offset else 200
        yield from ((line, column) for column in range(first, last))
