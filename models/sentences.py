"""Token rows as a WordPiece vocabulary of English makes them (ids of bert-base-uncased), for encoders."""

import numpy as np

from models.recipe import Array, Feeds, rng

CLS, SEP = 101, 102
FIRST_WORD, VOCABULARY = 1996, 30_522
"""Ids from FIRST_WORD on are words and pieces, the most frequent first; below are signs and unused places."""


def sentences(n: int, seed: int, length: int = 32) -> list[Feeds]:
    """n calls of two sentences each, padded: input_ids, attention_mask, token_type_ids, int64 [2, length]."""
    random = rng(seed)
    return [_call([_sentence(random, length) for _ in range(2)], length) for _ in range(n)]


def _sentence(random: np.random.Generator, length: int) -> Array:
    """Between a quarter of the length and all of it; words follow Zipf's law."""
    rank = random.zipf(1.2, random.integers(length // 4, length - 1))
    words = FIRST_WORD + rank % (VOCABULARY - FIRST_WORD)
    return np.concatenate([[CLS], words, [SEP]])


def _call(rows: list[Array], length: int) -> Feeds:
    ids, mask = np.zeros((2, len(rows), length), np.int64)
    for index, row in enumerate(rows):
        ids[index, : len(row)] = row
        mask[index, : len(row)] = 1
    return {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
