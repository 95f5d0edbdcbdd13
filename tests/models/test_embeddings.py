"""Texts to tokens and embeddings to a score, by hand."""

import numpy as np
import pytest

from models.lee import correlation
from models.wordpiece import LENGTH, mean_of_tokens, padded, tokens, vocabulary, words

KNOWN = vocabulary("[PAD]\n[CLS]\n[SEP]\n[UNK]\ncafe\nplay\n##ing\n##s\n,\n£3")


def test_words_are_bare_and_signs_stand_alone() -> None:
    assert words("Café, well-known £3_000") == ["cafe", ",", "well", "-", "known", "£3", "_", "000"]


def test_the_longest_pieces_first() -> None:
    assert tokens("Playing, cafés", KNOWN) == [1, 5, 6, 8, 4, 7, 2]
    assert tokens("plays £3 swing", KNOWN) == [1, 5, 7, 9, 3, 2]


def test_a_long_text_is_cut_off() -> None:
    found = tokens("play " * 500, KNOWN)
    assert len(found) == LENGTH
    assert (found[0], found[-1]) == (1, 2)


def test_padding_does_not_count() -> None:
    call = padded([[1, 5, 2], [1, 2]])
    assert call["input_ids"].tolist() == [[1, 5, 2], [1, 2, 0]]
    assert call["attention_mask"].tolist() == [[1, 1, 1], [1, 1, 0]]
    hidden = np.array([[[1.0], [2.0], [3.0]], [[1.0], [2.0], [99.0]]])
    assert mean_of_tokens(hidden, call["attention_mask"]).tolist() == [[2.0], [1.5]]


def test_correlation_of_cosines_above_the_diagonal() -> None:
    embeddings = np.array([[1.0, 0.0], [2.0, 2.0], [0.0, 3.0]])
    cosines = np.array([[0, 0.5**0.5, 0.0], [9, 0, 0.5**0.5], [9, 9, 0]])
    assert correlation(embeddings, cosines) == pytest.approx(1)
    assert correlation(embeddings, -cosines) == pytest.approx(-1)
