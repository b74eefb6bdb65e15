"""Messages as a table: who wrote which words to whom."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from commlab.simulate import sentences, texts
from commlab.simulate.columns import arrow_table, joined, pick
from commlab.simulate.export.labels import STAFF_NAMES, Labels
from commlab.simulate.messages import ADVISER, ATMOSPHERE, BOT, MEMBER, Messages
from commlab.simulate.streams import stream
from commlab.simulate.texts import Phrasebook


def messages(labels: Labels, book: Phrasebook) -> pa.Table:
    """Return `messages`: replies quote what they answer, and name it in `reply_to`."""
    ours = labels.chunk.messages
    n = len(ours)
    rng = stream(labels.frame.seed, "texts", labels.number)
    member = ours.source == MEMBER
    text = book.sentences.take(pa.array(book.draw(rng, ours.subject, ours.product)))
    # A welcome, and one answer in seven, names the person with an @.
    named = np.flatnonzero(ours.mention >= 0)
    called = joined("@", labels.nickname.take(pa.array(ours.mention[named])), "\u2005")
    text = pc.replace_with_mask(
        text, pa.array(ours.mention >= 0), joined(called, text.take(pa.array(named)))
    )
    quotable = pc.if_else(pa.array(ours.picture), texts.PICTURE, text)
    name = _writer_names(labels, ours)
    replies = np.flatnonzero(ours.reply_to >= 0)
    answered = pa.array(ours.reply_to[replies])
    bracket = rng.random(replies.size) < 0.3
    full = texts.quoted(
        name.take(answered), quotable.take(answered), text.take(pa.array(replies)), bracket
    )
    text = pc.replace_with_mask(text, pa.array(ours.reply_to >= 0), full)
    offsets = np.concatenate([[0], np.cumsum(ours.mention >= 0)]).astype(np.int32)
    lists = pa.ListArray.from_arrays(offsets, labels.members(ours.mention[named]))
    ad = np.select([ours.subject == sentences.HARD, ours.subject == sentences.SOFT], [2, 1], 0)
    return arrow_table(
        "messages",
        message_id=labels.messages(np.arange(n)),
        group_id=labels.groups(ours.group),
        member_id=_writers(labels, ours),
        sent_at=labels.times(ours.at),
        kind=pick(["text", "image"], ours.picture.astype(np.int64)),
        text=pc.if_else(pa.array(ours.picture), pa.scalar(None, pa.string()), text),
        reply_to=labels.messages(ours.reply_to),
        mentions=pc.if_else(pa.array(ours.mention >= 0), lists, pa.scalar(None, lists.type)),
        is_ad=pick(["none", "soft", "hard"], np.where(member, 0, ad)),
        revoked=pa.array(ours.revoked),
    )


def _writers(labels: Labels, ours: Messages) -> pa.Array:
    writer = labels.members(np.where(ours.source == MEMBER, ours.writer, -1))
    for source, maker in (
        (ADVISER, labels.advisers),
        (ATMOSPHERE, labels.atmosphere),
        (BOT, labels.bots),
    ):
        mask = ours.source == source
        writer = pc.replace_with_mask(writer, pa.array(mask), maker(ours.writer[mask]))
    return writer


def _writer_names(labels: Labels, ours: Messages) -> pa.Array:
    own = np.where(ours.source == MEMBER, ours.writer, -1)
    name = labels.nickname.take(pa.array(own, mask=own < 0))
    role = pick(["", *STAFF_NAMES], ours.source)
    return pc.coalesce(name, joined(role, _writers(labels, ours)))
