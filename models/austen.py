"""Six novels by Jane Austen out of Debian's r-cran-janeaustenr, as characters: one is held out for tests."""

import zlib
from functools import cache

import numpy as np

from models.packages import PackagedFile
from models.recipe import Array, Feeds, rng
from models.registries import apt

ALPHABET = "\n" + "".join(map(chr, range(32, 127)))
"""96 characters, numbered in this order; any other is taken for a question mark."""
LENGTH = 128
"""Characters in a window."""
BATCH = 8
"""Windows in a call."""
_FILE = PackagedFile(
    "r-cran-janeaustenr=1.0.0-1",
    "./usr/lib/R/site-library/janeaustenr/data/Rdata.rdb",
    "8fb5198960d0da724b1562f96e4221e5c1b41ff455000280b02c55980c3d8f21",
    apt,
)
_TEST = 3
"""Persuasion; the order is Emma, Mansfield Park, Northanger Abbey, Persuasion, Pride and Prejudice, Sense and
Sensibility."""
_TEXT, _LINE = 16, 9
"""Types of R's serialised values: a vector of texts, one text."""


@cache
def train() -> Array:
    """Five novels, one after the other: numbers of characters."""
    return np.concatenate([novel for index, novel in enumerate(_novels()) if index != _TEST])


@cache
def test() -> Array:
    """The sixth."""
    return _novels()[_TEST]


def _novels() -> list[Array]:
    return [encoded("\n".join(lines(part))) for part in parts(_FILE.obtain("austen").read_bytes())]


def parts(database: bytes) -> list[bytes]:
    """The values in a database of R: each a length of four bytes, which isn't needed, and a zlib stream."""
    found = []
    while database:
        stream = zlib.decompressobj()
        found.append(stream.decompress(database[4:]))
        database = stream.unused_data
    return found


def lines(value: bytes) -> list[str]:
    """The texts in R's serialisation (XDR, version 3) of a vector of texts."""
    place = 18 + int.from_bytes(value[14:18])  # behind the name of the encoding
    if value[:2] != b"X\n" or int.from_bytes(value[place : place + 4]) & 255 != _TEXT:
        raise ValueError("not a vector of texts in R's serialisation")
    count, place = int.from_bytes(value[place + 4 : place + 8]), place + 8
    found = []
    for _ in range(count):
        start, size = place + 8, int.from_bytes(value[place + 4 : place + 8])
        found.append(value[start : start + size].decode())
        place = start + size
    return found


def encoded(text: str) -> Array:
    """The characters' numbers in the alphabet."""
    numbers = np.full(128, ALPHABET.index("?"))
    numbers[[ord(sign) for sign in ALPHABET]] = np.arange(len(ALPHABET))
    codes = np.frombuffer(text.encode("utf-32-le"), "<u4")
    found: Array = numbers[np.minimum(codes, 127)]
    return found


def calls(name: str, n: int, seed: int) -> list[Feeds]:
    """n calls of eight windows out of the training text."""
    text, random = train(), rng(seed)
    return [{name: windows(text, random.integers(0, len(text) - LENGTH, BATCH))[:, :-1]} for _ in range(n)]


def held_out(n: int) -> Array:
    """n windows out of the sixth novel, int64 [n, 129], that don't overlap; the same ones each time."""
    text = test()
    places = rng(0).permutation((len(text) - 1) // LENGTH)[:n]
    return windows(text, LENGTH * places)


def windows(text: Array, starts: Array) -> Array:
    """int64 [starts, 129]: the characters of a window and the one behind it."""
    return text[starts[:, None] + np.arange(LENGTH + 1)]
