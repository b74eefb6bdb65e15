"""`--format chat-log`: messages of a chat group, one a row.

Columns `message_id`, `group_id`, `member_id`, `sent_at` (UTC), `text`, `reply_to`; made for the
Ubuntu IRC file, and fit for any log of that shape. What is made of it:

* Each row is a message. Messages of one minute stay in the order of the file.
* A member is a nickname that spoke, `joined_at` the first message; a space at the end of some
  nicknames is an artefact and is dropped. Nicknames are not persons: one person may have several.
* A group was there at its first message: `created_at` is that, at the latest.
* The channel's own bots, whose names are known (ubotu, ubottu, ubot3, FloodBot1 …), have the role
  bot. Names that merely contain "bot" are people.
* There are no memberships: who merely read, and who left, the log does not say.
* Days are samples, so gaps are not silence.

Source: J. Kummerfeld et al. (2019), A Large-Scale Corpus for Conversation Disentanglement, ACL.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from commlab.config import Settings
from commlab.loaders import times, values
from commlab.loaders.adapter import Sieve, one_file
from commlab.loaders.options import Options
from commlab.loaders.workspace import WorkspaceWriter

SETTINGS = Settings(name="Chat log", zone="UTC", calendar="none")
COLUMNS = ("message_id", "group_id", "member_id", "sent_at", "text", "reply_to")
INTO = "messages"
BOTS = r"(?:ubot(?:u|tu|\d+)|FloodBot\d+)"
ORPHAN = "reply_to names a message that the file does not have"
TRIMMED = "spaces around the nickname dropped"


def read(paths: Sequence[Path], writer: WorkspaceWriter, options: Options) -> None:
    """Load the file into a workspace.

    Args:
        paths: The file.
        writer: Writer of the workspace.
        options: Encoding.

    Raises:
        LoadError: The file cannot be read or is of another format.
    """
    writer.begin(SETTINGS)
    chunk, account = one_file(paths, writer, options, COLUMNS, INTO)
    text = chunk.frame
    rows = pd.DataFrame(
        {
            # Taken as they are, but for spaces: anything may be a nickname, "NULL" too.
            **{name: _trimmed(text[name])
               for name in ("message_id", "group_id", "member_id", "reply_to")},
            "sent_at": times.to_time(text["sent_at"], zone=SETTINGS.zone).cells,
            "text": text["text"].where(text["text"] != ""),
        }
    )  # fmt: skip
    sieve = Sieve(rows, account)
    for name in ("message_id", "member_id"):
        sieve.refuse(rows[name].isna(), f"{name}: empty")
    empty = text["sent_at"].str.strip().isin(values.EMPTY_VALUE)
    sieve.refuse(empty, "sent_at: empty")
    sieve.refuse(rows["sent_at"].isna(), "sent_at: not a time")
    sieve.require_some(text)
    messages = rows[sieve.left]
    account.load(len(messages))
    trimmed = text["member_id"] != rows["member_id"].fillna("")
    account.alter(TRIMMED, messages.index[trimmed[sieve.left]])
    known = messages["reply_to"].isin(messages["message_id"]) | messages["reply_to"].isna()
    account.alter(ORPHAN, messages.index[~known])

    owner = (account.source, account.into)
    writer.add("members", _members(messages))
    groups = messages.groupby("group_id")["sent_at"].min().rename("created_at").reset_index()
    groups["name"] = groups["group_id"]
    writer.add("groups", groups)
    writer.add("messages", messages, owner=owner, lines=messages.index)
    writer.report.notes += [
        "joined_at is a nickname's first message; created_at of a group its first, at the latest.",
        "There are no memberships: the log does not say who read or left.",
    ]


def _trimmed(text: pd.Series) -> pd.Series:
    bare = text.str.strip()
    return bare.where(bare != "")


def _members(messages: pd.DataFrame) -> pd.DataFrame:
    members = messages.groupby("member_id")["sent_at"].min().rename("joined_at").reset_index()
    bot = members["member_id"].str.fullmatch(BOTS).fillna(False).astype(bool)
    members["role"] = np.where(bot, "bot", "member")
    return members.sort_values(["joined_at", "member_id"])
