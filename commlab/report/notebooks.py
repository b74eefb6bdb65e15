"""The notebooks there are: their names, parameters, and the tables that each needs and uses."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from commlab import config, guards
from commlab.errors import ArgumentError, RunError, nearest

FOLDER_VARIABLE = "COMMLAB_NOTEBOOKS"  # another folder of notebooks, for one's own and for tests
HEALTH = "00_data_health"  # runs on bad data too: it is there to show them
OVERVIEW = "01_overview"  # runs last: it reads what the others found

# What the kit runs is Python, whatever kernel a notebook was last saved with.
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}

# Parameters that the batch fills in itself, and how a user sets each.
OWN_PARAMETERS = {
    "data": "Use --data PATH.",
    "as_of": "Use --as-of DATE.",
    "lang": "Use --lang en, zh or both.",
    "engine": "Use --engine NAME.",
    "run_folder": "Use --out FOLDER and --name RUN.",
}


@dataclasses.dataclass(frozen=True)
class Parameter:
    """One parameter of a notebook, as papermill reads it from the cell tagged `parameters`.

    Attributes:
        name: Its name.
        default: Its default, as written.
        help: The comment beside it.
    """

    name: str
    default: str
    help: str


@dataclasses.dataclass(frozen=True)
class Notebook:
    """One notebook, unexecuted.

    Attributes:
        name: File name without the suffix, e.g. `02_cohort_retention`.
        path: The file.
        topic: Topic in the text catalogues, e.g. `retention`.
        needs: Alternatives: of each group at least one table must be there.
        uses: Tables that it reads when they are there; None when it does not say.
        parameters: Parameters by name, in order.
        cells: Number of code cells.
        digest: Changes with its sources, tags and metadata, not with stored outputs.
        choices: The values that a parameter may take, where they are few.
    """

    name: str
    path: Path
    topic: str
    needs: tuple[tuple[str, ...], ...]
    uses: tuple[str, ...] | None
    parameters: Mapping[str, Parameter]
    cells: int
    digest: str
    choices: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)

    def lacks(self, tables: Collection[str]) -> tuple[tuple[str, ...], ...]:
        """Return the groups of `needs` of which none is among `tables`."""
        return tuple(group for group in self.needs if not set(group) & set(tables))

    def reads(self, tables: Collection[str]) -> frozenset[str]:
        """Return those of `tables` that the notebook reads."""
        return frozenset(tables if self.uses is None else set(self.uses) & set(tables))


def folder(path: str | os.PathLike[str] | None = None) -> Path:
    """Return the folder of notebooks: `path`, else `COMMLAB_NOTEBOOKS`, else the kit's own."""
    return Path(path or os.environ.get(FOLDER_VARIABLE) or config.NOTEBOOKS)


def discover(path: str | os.PathLike[str] | None = None) -> tuple[Notebook, ...]:
    """Return every notebook of a folder, by name.

    Args:
        path: The folder; see `folder`.

    Raises:
        RunError: There is no such folder, it holds none, or a file is not a notebook.
    """
    chosen = folder(path)
    found = tuple(read(file) for file in sorted(chosen.glob("*.ipynb")))
    if not found:
        raise RunError(
            f"there are no notebooks in {str(chosen)!r}.",
            fix=f"Run from a copy of the repository, or set {FOLDER_VARIABLE}.",
        )
    return found


def read(path: Path) -> Notebook:
    """Return what a notebook file says about itself.

    Raises:
        RunError: The file is not a notebook.
    """
    import nbformat
    from papermill.inspection import inspect_notebook

    try:
        node = nbformat.read(path, as_version=4)
    except (ValueError, AttributeError, KeyError, TypeError, nbformat.ValidationError) as error:
        # nbformat meets what is JSON but no notebook with whatever its conversion runs into.
        raise RunError(f"is not a notebook: {first_line(error)}.", where=path.name) from None
    node.metadata["kernelspec"] = dict(KERNEL)
    about = node.metadata.get("commlab", {})
    uses = about.get("uses")
    return Notebook(
        name=path.stem,
        path=path,
        topic=str(about.get("topic", "")),
        needs=tuple(tuple(group) for group in about.get("needs", ())),
        uses=None if uses is None else tuple(uses),
        parameters={
            name: Parameter(name, str(found["default"]), str(found["help"]))
            for name, found in inspect_notebook(node).items()
        },
        cells=sum(cell.cell_type == "code" for cell in node.cells),
        digest=_digest(node.cells, about),
        choices={name: tuple(found) for name, found in about.get("choices", {}).items()},
    )


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message, shortened; its class where it has none."""
    lines = str(error).strip().splitlines()
    return lines[0][:200].rstrip(".") if lines else type(error).__name__


def _digest(cells: Iterable[Any], about: Mapping[str, Any]) -> str:
    told = [[cell.cell_type, cell.source, cell.metadata.get("tags", [])] for cell in cells]
    text = json.dumps([told, about], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def choose(wanted: Sequence[str] | None, known: Sequence[Notebook]) -> tuple[Notebook, ...]:
    """Return the notebooks that names stand for, by name, each once.

    Args:
        wanted: Names; number (`02`), topic (`retention`), a word of the name (`cohort`) or the
            whole name (`02_cohort_retention`) will do. None or empty: all.
        known: The notebooks that there are.

    Raises:
        ArgumentError: A name fits no notebook, or more than one.
    """
    if not wanted:
        return tuple(known)
    names = {_resolve(str(word), known).name for word in wanted}
    return tuple(notebook for notebook in known if notebook.name in names)


def _resolve(word: str, known: Sequence[Notebook]) -> Notebook:
    name = word.removesuffix(".ipynb")
    rules = (
        lambda book: book.name == name,
        lambda book: name.isdigit() and _number(book.name) == int(name),
        lambda book: book.topic == name,
        lambda book: _without_number(book.name) == name,
        lambda book: name in _without_number(book.name).split("_"),
    )
    for rule in rules:
        fits = [book for book in known if rule(book)]
        if len(fits) == 1:
            return fits[0]
        if fits:
            several = ", ".join(book.name for book in fits)
            raise ArgumentError(f"notebook {word!r} fits more than one: {several}.")
    hints = [nearest(name, [book.name for book in known])]
    # A topic or a word of the name will do, too, whatever number stands before it.
    words = [
        item for book in known for item in (book.topic, *_without_number(book.name).split("_"))
    ]
    hints.append(nearest(_without_number(name), filter(None, words)))
    hint = next((text for text in hints if text.startswith("Did")), hints[0])
    raise ArgumentError(f"there is no notebook {word!r}.", fix=hint)


def _number(name: str) -> int | None:
    match = re.match(r"\d+", name)
    return int(match.group()) if match else None


def _without_number(name: str) -> str:
    return re.sub(r"^\d+_", "", name)


def check_parameters(given: Mapping[str, Any], chosen: Sequence[Notebook]) -> None:
    """Raise unless each given parameter belongs to at least one of the notebooks and may be so.

    Raises:
        ArgumentError: Unknown name (with the nearest one), one that is an option, or a value that
            a notebook does not take.
    """
    known = {name for book in chosen for name in book.parameters} - set(OWN_PARAMETERS)
    for name in given:
        if name in OWN_PARAMETERS:
            raise ArgumentError(
                f"parameter {name!r} is filled in by the run.", fix=OWN_PARAMETERS[name]
            )
        if name not in known:
            which = chosen[0].name if len(chosen) == 1 else "none of the notebooks asked for"
            has = "has no" if len(chosen) == 1 else "has a"
            raise ArgumentError(f"{which} {has} parameter {name!r}.", fix=nearest(name, known))
        for book in chosen:
            if name in book.choices:
                guards.one_of(name, given[name], book.choices[name])
