"""Looking for graphs that a check fails on: one seed after the other, and every finding made small."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import onnx

from tests.fuzz.checks import check
from tests.fuzz.graphs import from_seed, make
from tests.fuzz.recipe import Recipe
from tests.oracle import Refuted

MOST_SECONDS = 120.0

_PARTICULAR = re.compile(r"'[^']*'|\"[^\"]*\"|\{.*\}|[-+\d.]+(e[-+]?\d+)?|\bgroup \S+|[\w./]*\[\d\]\S*")


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a model, in a sentence. stage: which check failed, or the type of an exception"""

    stage: str
    text: str

    @property
    def kind(self) -> str:
        """A name for all findings that differ only in names and numbers."""
        text = " ".join(_PARTICULAR.sub("#", self.text).split())[:90]
        return f"{self.stage}-{crc32(text.encode()):08x}"


def trial(recipe: Recipe, seed: int) -> Finding | None:
    """What is found on one graph."""
    try:
        check(make(recipe), seed)
    except Refuted as error:
        return Finding(error.stage, str(error))
    except Exception as error:  # whatever else comes out of the product is a defect of it
        return Finding(type(error).__name__, f"{place(error)}: {' '.join(str(error).split())}")
    return None


def place(error: BaseException) -> str:
    """The function that raised it."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    code = trace.tb_frame.f_code if trace is not None else None
    return f"{Path(code.co_filename).stem}.{code.co_name}" if code else "somewhere"


def smallest(recipe: Recipe, fails: Callable[[Recipe], bool], seconds: float = MOST_SECONDS) -> Recipe:
    """A recipe with as few and plain steps as can be that still fails."""
    deadline = time.monotonic() + seconds
    tried = True
    while tried:
        tried = False
        for shorter in [recipe.without(k) for k in reversed(range(len(recipe)))] + recipe.plainer():
            if time.monotonic() > deadline:
                return recipe
            if fails(shorter):
                recipe, tried = shorter, True
                break
    return recipe


def hunt(seed: int, folder: Path) -> Finding | None:
    """What is found on the graph of a seed; the first of its kind is made small and written to the folder."""
    recipe = from_seed(seed)
    found = trial(recipe, seed)
    if found is not None and not (folder / f"{found.kind}.txt").exists():
        least = smallest(recipe, lambda r: (other := trial(r, seed)) is not None and other.kind == found.kind)
        write(
            folder, found.kind, make(least).SerializeToString(), [str(trial(least, seed)), f"seed {seed}", str(least)]
        )
    return found


def write(folder: Path, kind: str, model: bytes, lines: list[str]) -> None:
    """A finding as a model file, and a text beside it that tells what is wrong and how it was made."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{kind}.onnx").write_bytes(model)
    (folder / f"{kind}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def bodies(graph: onnx.GraphProto) -> Iterator[onnx.GraphProto]:
    """A graph and the bodies in it."""
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from bodies(attribute.g)
