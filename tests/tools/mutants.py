"""The mutants of a module: its syntax tree with one thing changed.

Left as they are: annotations, f-strings (the messages of errors) and what `dataclass`
is told.
"""

import ast
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from itertools import islice

_PAIRS = [("Eq", "NotEq"), ("Lt", "LtE"), ("Gt", "GtE"), ("Is", "IsNot")]
_PAIRS += [("In", "NotIn"), ("And", "Or")]
_SWAPPED = {getattr(ast, a): getattr(ast, b) for p in _PAIRS for a, b in (p, p[::-1])}
_LEFT_OUT = {"annotation", "returns"}


@dataclass(frozen=True)
class Mutant:
    """A node of a tree, and what takes its place.

    Attributes:
        old, new: the node before and after.
        statement: the statement that it is in.
        function: whether it runs when a function is called, not at import.
        owner: the statement of the module that it is in.
    """

    old: ast.AST
    new: ast.AST
    statement: ast.stmt
    function: bool
    owner: ast.stmt

    def __str__(self):
        before, after = (ast.unparse(n).split("\n")[0] for n in (self.old, self.new))
        return f"{self.old.lineno}: {before[:60]}  ->  {after[:60]}"

    def head(self) -> range:
        """The lines of the statement, without the body that it may have."""
        first, body = self.statement.lineno, self.body()
        return range(first, max(first + 1, body.start or self.statement.end_lineno + 1))

    def body(self) -> range:
        """The lines of the first statement of its body."""
        body = getattr(self.statement, "body", None)
        return range(body[0].lineno, body[0].end_lineno + 1) if body else range(0)

    def names(self) -> set[str]:
        """What a statement outside of functions gives a value to, and its class."""
        found = {node.id for node in ast.walk(self.statement) if _is_target(node)}
        return found | {
            s.name for s in (self.statement, self.owner) if hasattr(s, "name")
        }


def _is_target(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)


def mutants(tree: ast.Module) -> Iterator[Mutant]:
    """Every mutant of a module, always in the same order."""
    for owner in tree.body:
        yield from _within(owner, owner, owner, function=False)


def mutated(source: str, number: int) -> ast.Module:
    """The tree of the mutant with this number."""
    tree = ast.parse(source)
    mutant = next(islice(mutants(tree), number, None))
    return ast.fix_missing_locations(_Swap(mutant).visit(tree))


class _Swap(ast.NodeTransformer):
    def __init__(self, mutant: Mutant) -> None:
        self.mutant = mutant

    def visit(self, node: ast.AST) -> ast.AST:
        if node is self.mutant.old:
            return ast.copy_location(self.mutant.new, node)
        return self.generic_visit(node)


def _within(
    node: ast.AST, statement: ast.stmt, owner: ast.stmt, *, function: bool
) -> Iterator[Mutant]:
    if isinstance(node, ast.JoinedStr) or _tells_dataclass(node):
        return
    for new in _changes(node):
        yield Mutant(node, new, statement, function, owner)
    for name, value in ast.iter_fields(node):
        inside = function or (isinstance(node, ast.FunctionDef) and name == "body")
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and name not in _LEFT_OUT:
                at = child if isinstance(child, ast.stmt) else statement
                yield from _within(child, at, owner, function=inside)


def _tells_dataclass(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and getattr(node.func, "id", "") == "dataclass"


def _changes(node: ast.AST) -> Iterator[ast.AST]:  # noqa: C901 (a table)
    """What one node may become."""
    other = deepcopy(node)
    match other:
        case ast.Compare(ops=ops):
            for place, op in enumerate(ops):
                swapped = deepcopy(other)
                swapped.ops[place] = _SWAPPED[type(op)]()
                yield swapped
        case ast.BoolOp():
            other.op = _SWAPPED[type(other.op)]()
            yield other
        case ast.UnaryOp(op=ast.Not()):
            yield other.operand
        case ast.Constant(value=bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(value=int(value)):
            yield ast.Constant(value + 1)
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return
        case ast.If() | ast.IfExp():
            for truth in (True, False):
                other.test = ast.Constant(truth)
                yield deepcopy(other)
        case ast.Return(value=ast.expr()) if not isinstance(other.value, ast.Constant):
            yield ast.Return(ast.Constant(None))
        case ast.Raise() | ast.AugAssign() | ast.Delete():
            yield ast.Pass()
        case ast.Expr(value=ast.Call() | ast.Yield() | ast.YieldFrom()):
            yield ast.Pass()
