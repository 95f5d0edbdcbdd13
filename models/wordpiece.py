"""Text to token numbers as BERT's uncased vocabulary wants it: lower case, no accents, longest known pieces first."""

import string
import unicodedata
from collections.abc import Mapping, Sequence

import numpy as np

from models.recipe import Array, Feeds

CLS, SEP, UNKNOWN = "[CLS]", "[SEP]", "[UNK]"
LENGTH = 128
"""Tokens of a text that are read, with the two around it."""


def vocabulary(content: str) -> dict[str, int]:
    """Piece -> number, from a file with a piece a line."""
    return {piece: number for number, piece in enumerate(content.splitlines())}


def tokens(text: str, known: Mapping[str, int]) -> list[int]:
    """The numbers of a text's pieces between CLS and SEP, cut off at LENGTH."""
    numbers = [number for word in words(text) for number in _pieces(word, known)]
    return [known[CLS], *numbers[: LENGTH - 2], known[SEP]]


def words(text: str) -> list[str]:
    """Lower case without accents; a sign of punctuation is a word of its own."""
    bare = (sign for sign in unicodedata.normalize("NFD", text.lower()) if unicodedata.category(sign) != "Mn")
    return "".join(f" {sign} " if _parts(sign) else sign for sign in bare).split()


def _parts(sign: str) -> bool:
    return sign in string.punctuation or unicodedata.category(sign).startswith("P")


def _pieces(word: str, known: Mapping[str, int]) -> list[int]:
    found: list[int] = []
    start = 0
    while start < len(word):
        mark = "##" if start else ""
        fitting = (end for end in range(len(word), start, -1) if mark + word[start:end] in known)
        end = next(fitting, None)
        if end is None:
            return [known[UNKNOWN]]
        found.append(known[mark + word[start:end]])
        start = end
    return found


def padded(rows: Sequence[Sequence[int]]) -> Feeds:
    """One call: input_ids and attention_mask, int64 [rows, longest], zeros behind the shorter ones."""
    ids, mask = np.zeros((2, len(rows), max(map(len, rows))), np.int64)
    for index, row in enumerate(rows):
        ids[index, : len(row)] = row
        mask[index, : len(row)] = 1
    return {"input_ids": ids, "attention_mask": mask}


def mean_of_tokens(hidden: Array, mask: Array) -> Array:
    """[b, t, c] -> [b, c]: what's padding doesn't count."""
    weight = mask[..., None] / mask.sum(1)[:, None, None]
    return np.asarray((hidden * weight).sum(1))
