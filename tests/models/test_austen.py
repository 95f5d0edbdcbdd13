"""Novels as characters: R's files, on made-up ones; the alphabet; windows that don't overlap; bits."""

import zlib

import numpy as np
import pytest

from models import austen
from models.metrics import bits
from models.recipe import Array, Feeds


def serialised(texts: list[str]) -> bytes:
    """A vector of texts as R writes it."""
    numbers = [16, len(texts)]
    value = b"X\n" + b"".join(n.to_bytes(4) for n in (3, 0x040201, 0x030500, 5)) + b"UTF-8"
    value += b"".join(n.to_bytes(4) for n in numbers)
    for text in texts:
        value += (0x40009).to_bytes(4) + len(text.encode()).to_bytes(4) + text.encode()
    return value


def test_texts_out_of_a_database() -> None:
    values = [serialised(["EMMA", "", "naïve"]), serialised(["end"])]
    database = b"".join(len(value).to_bytes(4) + zlib.compress(value) for value in values)
    assert [austen.lines(part) for part in austen.parts(database)] == [["EMMA", "", "naïve"], ["end"]]


def test_another_type_is_refused() -> None:
    numbers = serialised([]).replace((16).to_bytes(4), (13).to_bytes(4))
    with pytest.raises(ValueError, match="not a vector of texts"):
        austen.lines(numbers)


def test_the_alphabet() -> None:
    assert len(austen.ALPHABET) == len(set(austen.ALPHABET)) == 96
    found = austen.encoded("A\né?")
    assert [austen.ALPHABET[number] for number in found] == ["A", "\n", "?", "?"]


def test_held_out_windows_do_not_overlap(monkeypatch: pytest.MonkeyPatch) -> None:
    text = np.arange(10 * austen.LENGTH + 1)
    monkeypatch.setattr(austen, "test", lambda: text)
    found = austen.held_out(10)
    assert found.shape == (10, austen.LENGTH + 1)
    assert np.array_equal(np.sort(found[:, :-1], axis=None), text[:-1])
    assert np.array_equal(found[:, 1:], found[:, :-1] + 1)
    assert np.array_equal(austen.held_out(4), found[:4])


def test_the_novel_held_out_is_not_trained_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(austen, "_novels", lambda: [np.full(3, index) for index in range(6)])
    assert set(austen.train.__wrapped__()) == {0, 1, 2, 4, 5}
    assert set(austen.test.__wrapped__()) == {3}


def test_bits_by_hand() -> None:
    def half(feeds: Feeds) -> list[Array]:
        return [np.log(np.broadcast_to([0.5, 0.25, 0.25], (*feeds["x"].shape, 3))) + 7]

    assert bits(half, "x", np.zeros((2, 2), np.int64), np.array([[0, 0], [1, 2]]), batch=1) == pytest.approx(1.5)
