"""Reads a folder of answers and archives into a workspace."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from commlab.config import Settings
from commlab.errors import LoadError
from commlab.loaders import carried
from commlab.loaders.options import Options
from commlab.loaders.wecom import (
    answers,
    callbacks,
    codes,
    contacts,
    groups,
    people,
    snapshots,
    statistics,
    talk,
)
from commlab.loaders.wecom.archive import Archives
from commlab.loaders.wecom.store import Store
from commlab.loaders.workspace import WorkspaceWriter

SETTINGS = Settings(name="WeCom")
TAKE: dict[str, Callable[[Store, answers.Answer], None]] = {
    "external_contact": contacts.contact,
    "external_contact_list": contacts.batch,
    "group_chat": groups.group,
    "group_chat_list": groups.listed,
    "items": statistics.groups,
    "behavior_data": statistics.behaviour,
    "tag_group": codes.tags,
    "contact_way": codes.way,
    "join_way": codes.way,
    "link": codes.way,
    "customer_list": codes.customers,
    "click_link_customer_cnt": codes.unplaced,
    "Event": callbacks.take,
}
UNKNOWN = "other answers"
MOST_NAMES = 3  # of files that could not be read, in a note


def read(paths: Sequence[Path], writer: WorkspaceWriter, options: Options) -> None:
    """Load a folder of answers and archives into a workspace.

    Args:
        paths: Folders and files.
        writer: Writer of the workspace.
        options: None are needed: the API writes UTF-8.

    Raises:
        LoadError: There is nothing to read, or nothing of it could be loaded.
    """
    writer.begin(SETTINGS)
    carried.check_secret(writer)
    files = answers.find(paths)
    with Store(writer) as store:
        archives = [file for file in files if answers.is_archive(file)]
        strange: dict[str, None] = {}
        for file in files:
            if file not in archives:
                # The same bytes saved on another day are another snapshot.
                moment = None if file.at is None else file.at.low
                store.again = writer.saw(file.path, file.name, moment)
                _answers(store, file, strange)
        if strange:
            names = ", ".join(list(strange)[:MOST_NAMES])
            more = f" and {len(strange) - MOST_NAMES:,} more" if len(strange) > MOST_NAMES else ""
            writer.report.notes.append(f"Of no known kind, or broken: {names}{more}.")
        store.again = False
        store.view()
        reader = Archives(store)
        for file in archives:
            reader.read(file)
        if not writer.report.rows_loaded and not writer.report.rows_already:
            _nothing(files, writer)
        reader.view()
        talk.write(store, reader)
        snapshots.reduce(store)
        snapshots.write(store)
        people.write(store)
        store.keep()
        reader.keep()


def _answers(store: Store, file: answers.File, strange: dict[str, None]) -> None:
    for answer in answers.read(file):
        if answer is not None and answer.kind in TAKE and not answers.whole(
            answer.body.get("errcode")
        ):  # fmt: skip
            TAKE[answer.kind](store, answer)
            continue
        tally = store.tally(UNKNOWN, "no table")
        tally.record()
        code = answers.whole(answer.body.get("errcode")) if answer is not None else None
        if code:
            tally.reject(f"an error of the API (errcode {code})")
        elif answer is None:
            tally.reject("not a JSON object")
            strange.setdefault(file.name)
        else:
            tally.reject("none of the answers that this format knows")
            strange.setdefault(file.name)


def _nothing(files: Sequence[answers.File], writer: WorkspaceWriter) -> None:
    reasons = {reason for account in writer.report.accounts for reason in account.not_loaded}
    raise LoadError(
        f"nothing in {len(files):,} files could be loaded: {'; '.join(sorted(reasons))}.",
        where=", ".join(file.name for file in files[:MOST_NAMES]),
        fix="Save the answers of the WeCom API as JSON, one a file or one a line.",
    )
