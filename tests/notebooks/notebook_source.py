"""What a notebook says, read from its source without running it."""

from __future__ import annotations

import ast
import dataclasses
import functools
import importlib
import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import nbformat

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
HAN = re.compile(r"[\u3400-\u9fff]")

# Calls whose first argument is a text key; a section's is the key of its refusal.
SPEAKERS = {
    "cl.report.say": "", "cl.report.warn": "", "cl.report.heading": "", "cl.report.Action": "",
}  # fmt: skip
SECTION = "cl.report.section"


def names() -> list[str]:
    """Return the notebooks' names, for parametrising."""
    return [path.stem for path in NOTEBOOKS]


@functools.cache
def read(name: str) -> nbformat.NotebookNode:
    """Return a notebook as it stands in the repository."""
    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=nbformat.NO_CONVERT)


def cells(name: str, kind: str) -> list[nbformat.NotebookNode]:
    """Return the cells of one kind, in order."""
    return [cell for cell in read(name).cells if cell.cell_type == kind]


def tags(cell: Mapping[str, Any]) -> list[str]:
    """Return the tags of a cell."""
    return list(cell["metadata"].get("tags", []))


def about(name: str) -> Mapping[str, Any]:
    """Return what the notebook says about itself."""
    return read(name).metadata.get("commlab", {})


def tables_of(name: str) -> list[str]:
    """Return every table in `needs` or `uses`, each once."""
    needed = [table for group in about(name)["needs"] for table in group]
    return list(dict.fromkeys([*needed, *about(name)["uses"]]))


@functools.cache
def tree(name: str) -> ast.Module:
    """Return the syntax tree of all code cells."""
    return ast.parse("\n".join(cell.source for cell in cells(name, "code")))


def dotted(node: ast.AST) -> str:
    """Return `cl.report.say` for such an expression, else nothing."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        head = dotted(node.value)
        return f"{head}.{node.attr}" if head else ""
    return ""


def kit_names(name: str) -> list[str]:
    """Return every dotted name that begins with `cl.`, the whole chain only."""
    inner = {id(node.value) for node in ast.walk(tree(name)) if isinstance(node, ast.Attribute)}
    found = {
        dotted(node)
        for node in ast.walk(tree(name))
        if isinstance(node, ast.Attribute) and id(node) not in inner
    }
    return sorted(word for word in found if word.startswith("cl."))


def resolve(word: str) -> Any:
    """Return what a dotted name stands for.

    Raises:
        AttributeError: Something on the way does not exist.
    """
    value: Any = importlib.import_module("commlab")
    for part in word.split(".")[1:]:
        value = getattr(value, part)
    return value


@dataclasses.dataclass(frozen=True)
class Call:
    """One call of something in the kit."""

    word: str
    node: ast.Call

    @property
    def keywords(self) -> list[str]:
        """Names given; those in `**mapping` are not known."""
        return [item.arg for item in self.node.keywords if item.arg is not None]

    @property
    def spread(self) -> bool:
        """Whether positional or named arguments come from a mapping or a sequence."""
        starred = any(isinstance(item, ast.Starred) for item in self.node.args)
        return starred or any(item.arg is None for item in self.node.keywords)

    def without(self, keyword: str) -> Call:
        """Return the call without one named argument."""
        kept = [item for item in self.node.keywords if item.arg != keyword]
        return Call(self.word, ast.Call(self.node.func, self.node.args, kept))

    def bind(self, function: Callable[..., Any], skip: int = 0, **added: Any) -> None:
        """Raise TypeError when `function` does not take the arguments of this call."""
        given = dict.fromkeys(self.keywords) | added
        signature = inspect.signature(function)
        bind = signature.bind_partial if self.spread else signature.bind
        bind(*self.node.args[skip:], **given)


def calls(name: str) -> Iterator[Call]:
    """Return every call of a name in the kit."""
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.Call) and dotted(node.func).startswith("cl."):
            yield Call(dotted(node.func), node)


def texts(name: str) -> list[tuple[str, Call]]:
    """Return the pattern of every text key with its call; `*` stands for what is filled in."""
    found = []
    for call in calls(name):
        if call.word not in (*SPEAKERS, SECTION) or not call.node.args:
            continue
        pattern = _pattern(call.node.args[0])
        if pattern:
            found.append((pattern + (".refused" if call.word == SECTION else ""), call))
    return found


def _pattern(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        parts = [part.value if isinstance(part, ast.Constant) else "*" for part in node.values]
        return "".join(map(str, parts))
    return ""


@dataclasses.dataclass(frozen=True)
class Unset:
    """A name that may have no value where it is read, because a section before was refused."""

    name: str
    line: str


def may_be_unset(module: ast.Module) -> list[Unset]:
    """Return names read outside the section that gives them their value.

    A section that refuses skips the rest of its block. What it would have assigned must have a
    value beforehand, be read in the same block only, or be read under an `if` on another result.
    """
    settled: set[str] = set()
    open_to_doubt: set[str] = set()
    found: list[Unset] = []

    def look(node: ast.AST, guarded: bool) -> None:
        if isinstance(node, ast.With) and _is_section(node.items[0].context_expr):
            known = set(settled)
            for inner in node.body:
                look(inner, guarded)
            open_to_doubt.update(settled - known)
            settled.intersection_update(known)
            return
        if isinstance(node, ast.If):
            read(node.test, guarded)
            results = {item.id for item in ast.walk(node.test) if isinstance(item, ast.Name)}
            for inner in [*node.body, *node.orelse]:
                look(inner, guarded or bool(results - {"ds", "split"}))
            return
        if isinstance(node, ast.For):
            read(node.iter, guarded)
            settled.update(assigned(node.target))
            for inner in node.body:
                look(inner, guarded)
            return
        read(node, guarded)
        settled.update(assigned(node))

    def read(node: ast.AST, guarded: bool) -> None:
        own = {item.id for part in ast.walk(node) if isinstance(part, ast.comprehension)
               for item in ast.walk(part.target) if isinstance(item, ast.Name)}  # fmt: skip
        for item in ast.walk(node):
            if isinstance(item, ast.Name) and isinstance(item.ctx, ast.Load):
                doubtful = item.id in open_to_doubt - settled - own
                if doubtful and not guarded:
                    found.append(Unset(item.id, ast.unparse(node).splitlines()[0]))

    for statement in module.body:
        look(statement, guarded=False)
    return found


def _is_section(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and dotted(node.func) == SECTION


def assigned(node: ast.AST) -> set[str]:
    """Return the names that a statement gives a value."""
    return {
        item.id
        for item in ast.walk(node)
        if isinstance(item, ast.Name) and isinstance(item.ctx, ast.Store)
    }
