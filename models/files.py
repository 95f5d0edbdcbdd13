"""Files of known types made on the spot, by the standard library's own writers."""

import bz2
import csv
import difflib
import gzip
import io
import json
import lzma
import pickle
import struct
import tarfile
import wave
import zipfile
import zlib
from collections.abc import Callable
from functools import partial

import numpy as np

from models.texts import LANGUAGES, prose, text_in

Random = np.random.Generator


def make(kind: str, random: Random) -> bytes:
    """The bytes of a new file of a kind out of KINDS."""
    return KINDS[kind](random)


def _language(language: str, random: Random) -> bytes:
    return text_in(language, random).encode()


def _compressed(compress: Callable[[bytes], bytes], random: Random) -> bytes:
    return compress(prose(random).encode())


def _rows(random: Random) -> list[dict[str, object]]:
    words = prose(random).split()
    return [{"id": i, "name": word, "size": round(float(random.normal()), 3)} for i, word in enumerate(words[:60])]


def _json(random: Random) -> bytes:
    return json.dumps(_rows(random), indent=2).encode()


def _pickle(random: Random) -> bytes:
    return pickle.dumps(_rows(random))


def _csv(random: Random) -> bytes:
    sink = io.StringIO()
    writer = csv.DictWriter(sink, ["id", "name", "size"])
    writer.writeheader()
    writer.writerows(_rows(random))
    return sink.getvalue().encode()


def _diff(random: Random) -> bytes:
    old = text_in("python", random).splitlines(keepends=True)
    new = [line for line in old if random.random() < 0.9]
    return "".join(difflib.unified_diff(old, new, "a/part.py", "b/part.py")).encode()


def _zip(random: Random) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for index in range(5):
            archive.writestr(f"part{index}.txt", prose(random))
    return sink.getvalue()


def _tar(random: Random) -> bytes:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as archive:
        for index in range(3):
            content = prose(random).encode()
            entry = tarfile.TarInfo(f"part{index}.txt")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return sink.getvalue()


def _wav(random: Random) -> bytes:
    sink = io.BytesIO()
    with wave.open(sink, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(16_000)
        sound.writeframes(random.integers(-9000, 9000, 4000).astype("<i2").tobytes())
    return sink.getvalue()


def _png(random: Random) -> bytes:
    """A square of grey stripes: 8 bits, RGB, no filter."""
    side = int(random.integers(32, 96))
    rows = np.zeros((side, 1 + 3 * side), np.uint8)
    rows[:, 1:] = random.integers(0, 255, (side, 1))
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    chunks = (b"IHDR" + header, b"IDAT" + zlib.compress(rows.tobytes()), b"IEND")
    framed = (struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(framed)


def _npy(random: Random) -> bytes:
    sink = io.BytesIO()
    np.save(sink, random.normal(size=(40, 10)))
    return sink.getvalue()


KINDS: dict[str, Callable[[Random], bytes]] = {
    "bzip": partial(_compressed, bz2.compress),
    "csv": _csv,
    "diff": _diff,
    "gzip": partial(_compressed, gzip.compress),
    "json": _json,
    "npy": _npy,
    "pickle": _pickle,
    "png": _png,
    "tar": _tar,
    "wav": _wav,
    "xz": partial(_compressed, lzma.compress),
    "zip": _zip,
    **{language: partial(_language, language) for language in LANGUAGES},
}
"""Writers by the type's name, which is magika's label for it."""
