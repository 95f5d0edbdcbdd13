"""Damaged model files: bytes changed, and fields of the protobuf made wrong."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

import onnx
from onnx import ModelProto

from onnxprune.errors import InputError, VerificationError
from onnxprune.pruning import Options, optimize
from tests.fuzz.fields import FIELDS
from tests.fuzz.graphs import from_seed, make
from tests.fuzz.hunt import Finding, place, write

SOURCES = 60

FUNCTIONS = """
<ir_version: 9, opset_import: ["": 18, "local": 1], producer_name: "maker">
g (bool c, float[b,4] x) => (float[b,n] y)
<float[4,6] w = {1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0,
                 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0},
 float[6,2] v = {1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0}>
{
    h = MatMul (x, w)
    r = local.outer (h)
    z = If (c) <
        then_branch = t () => (float[b,6] o) { o = Neg (r) }, else_branch = e () => (float[b,6] o) { o = Exp (r) }
    >
    y = MatMul (z, v)
}
<domain: "local", opset_import: ["": 18]> inner (x) => (y) { y = Relu (x) }
<domain: "local", opset_import: ["": 18, "local": 1]> outer (x) => (y) { z = local.inner (x) y = Tanh (z) }
"""

# ------------------------------------------------------------------------------------------------- faults of bytes


def damaged(data: bytes, rng: random.Random, other: bytes = b"") -> bytes:
    """One to four of: a byte changed, a bit flipped, a piece cut out, doubled, moved or taken from elsewhere, the end
    cut off, a length made long."""
    made = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at, length = rng.randrange(max(len(made), 1)), rng.randint(1, 12)
        kind = rng.randrange(8)
        if kind == 0:
            made[at : at + 1] = bytes([rng.randrange(256)])
        elif kind == 1 and made:
            made[at] ^= 1 << rng.randrange(8)
        elif kind == 2:
            del made[at : at + length]
        elif kind == 3:
            made[at:at] = made[at : at + length]
        elif kind == 4:
            piece = made[at : at + length]
            del made[at : at + length]
            to = rng.randrange(len(made) + 1)
            made[to:to] = piece
        elif kind == 5:
            start = rng.randrange(max(len(other), 1))
            made[at:at] = other[start : start + rng.choice((4, 40, 400))]
        elif kind == 6:
            made[at : at + 1] = b"\xff\xff\xff\xff\x7f"
        elif rng.random() < 0.3:
            del made[at:]
    return bytes(made)


# ------------------------------------------------------------------------------------------------- a file and its fate


class Corpus:
    """Small sound files, and what becomes of damaged ones."""

    def __init__(self, sources: int = SOURCES) -> None:
        self.sources = sources
        self._made: dict[int, bytes] = {}

    def source(self, k: int) -> bytes:
        """The k-th sound file."""
        if k not in self._made:
            model = onnx.parser.parse_model(FUNCTIONS) if k == 0 else make(from_seed(k))
            self._made[k] = model.SerializeToString()
        return self._made[k]

    def damaged(self, seed: int) -> bytes:
        """The damaged file of a seed: by fields, by bytes, or both."""
        rng = random.Random(seed)
        data = self.source(rng.randrange(self.sources) if rng.random() < 0.8 else 0)
        kind = rng.randrange(3)
        if kind < 2:
            model = ModelProto.FromString(data)
            for _ in range(rng.choice((1, 1, 2, 3))):
                _spoil(model, rng)
            data = model.SerializeToString()
        return damaged(data, rng, self.source(rng.randrange(self.sources))) if kind > 1 else data

    def trial(self, seed: int, folder: Path) -> Finding | None:
        """What is found on the damaged file of a seed; the first of its kind is written to the folder."""
        data = self.damaged(seed)
        found = fate(data, seed)
        if found is not None and not (folder / f"{found.kind}.txt").exists():
            write(folder, found.kind, data, [found.text, f"seed {seed}"])
        return found


def _spoil(model: ModelProto, rng: random.Random) -> None:
    """A fault that this model can have."""
    for _ in range(20):
        try:
            rng.choice(FIELDS)(model, rng)
            return
        except (IndexError, ValueError):  # nothing of the kind in it, or a number too long for its field
            continue


def fate(data: bytes, seed: int = 0) -> Finding | None:
    """A file may be refused in a sentence, or be pruned; anything else is a finding."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
        source, output = Path(name) / "m.onnx", Path(name) / "n.onnx"
        source.write_bytes(data)
        (source.parent / "data.bin").write_bytes(bytes(64))
        try:
            optimize(source, output, Options(verify=False, bench=False, seed=seed))
        except InputError as reason:
            return _sentence(str(reason), name, output)
        except VerificationError as reason:
            return Finding("proof", str(reason).replace(name, ""))
        except Exception as error:  # the contract is that there is nothing else
            return Finding(type(error).__name__, f"{place(error)}: {' '.join(str(error).split())}")
    return None


def _sentence(text: str, folder: str, output: Path) -> Finding | None:
    if "\n" in text or not text.startswith(folder) or len(text) > 1000:
        return Finding("sentence", f"no single sentence about the file: {text.replace(folder, '')[:300]!r}")
    return Finding("left", f"a file was left although: {text}") if output.exists() else None
