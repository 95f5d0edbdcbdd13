"""Whole models with sparse weights against the dense ones, both in ONNX Runtime; writes docs/kernels.md.

    python -m tools.sparse_models [--only GLOB] [--rounds 15] [--keep [PROCESSOR]]

Weights are random, and zeros are put by magnitude into every layer that takes them: what is measured is time, memory
and the size of files, and no quality. On one thread, times are the processor's, in turns in one process; on two they
are the wall's, which only an idle machine makes worth reading.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from onnxprune.cache import cache_folder
from onnxprune.pruning import Options, optimize
from onnxprune.runtime import Effort, Feeds, file_size, interleave, prepare, random_inputs, session
from onnxprune.runtime.environment import environment
from onnxprune.runtime.inputs import input_specs
from onnxprune.runtime.memory import peak_memory
from tools import page_kernels, zoo_models

LLAMA = {
    "task": "causal-lm",
    "seq": "1",
    "hidden_size": "576",
    "num_hidden_layers": "30",
    "num_attention_heads": "9",
    "num_key_value_heads": "3",
    "intermediate_size": "1536",
    "vocab_size": "49152",
}
"""135 million parameters; one token without a past is the products of a step of decoding."""


@dataclass(frozen=True)
class Case:
    """provider: standard file and execution provider, instead of packed weights and the operator; packed int8 weights
    have both, because the provider lets layers that read the same share its numbers
    """

    model: str
    block: str
    zeros: float
    int8: bool = False
    provider: bool = False

    @property
    def form(self) -> str:
        return f"{self.block}{':int8' if self.int8 else ''}"


CASES = (
    Case("bert-base", "64x1", 0.9),
    Case("bert-base", "64x1", 0.8),
    Case("bert-base", "32x4", 0.9, int8=True),
    Case("bert-base", "unstructured", 0.9),
    Case("llama-135m", "64x1", 0.8),
    Case("llama-135m", "32x4", 0.8, int8=True),
    Case("resnet50", "64x1", 0.85, provider=True),
    Case("resnet50", "unstructured", 0.85, provider=True),
)


@dataclass(frozen=True)
class Whole:
    """gain: dense time divided by sparse time, on one thread and on two; threads: sparse time on one thread divided by
    that on two; ms: of a sparse run; memory: peak of loading and running, as a share of the dense one's; file: likewise
    """

    model: str
    form: str
    zeros: float
    door: str
    gain: float
    gain_two: float
    threads: float
    ms: float
    memory: float
    file: float


def dense_file(name: str) -> Path:
    """The dense model, exported on first use."""
    if name != "llama-135m":
        return zoo_models.path(name)
    file = cache_folder() / "zoo" / f"{name}.onnx"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        zoo_models.export_varied("transformers:llama", LLAMA, file)
    return file


def sparse_file(case: Case, folder: Path) -> Path:
    """The model with zeros, as `onnxprune optimize` writes it."""
    file = folder / "sparse.onnx"
    how = {"pattern": case.block, "sparsity": case.zeros, "method": "magnitude", "refit": False, "share": "even"}
    how |= {"order": False, "where": "all", "ends": True, "values": "int8" if case.int8 else "float32"}
    text = ",".join(f"{key}={str(value).lower()}" for key, value in how.items())
    form = "zeros" if case.provider else "op"
    passes = [f"sparsify{{{text}}}"]
    optimize(dense_file(case.model), file, Options(passes=passes, sparse_format=form, verify=False, bench=False))
    return file


def measured(case: Case, rounds: int) -> Whole:
    """One row."""
    dense = dense_file(case.model)
    with TemporaryDirectory(prefix="onnxprune-") as folder:
        sparse = sparse_file(case, Path(folder))
        provider = "sparse" if case.provider or case.int8 else "cpu"
        feeds = random_inputs(input_specs(session(dense)), seed=0)
        times = {threads: _times(dense, sparse, provider, feeds, threads, rounds) for threads in (1, 2)}
        (one, mine), (two, both) = times[1], times[2]
        held = [peak_memory(dense, feeds), peak_memory(sparse, feeds, provider=provider)]
        memory, size = held[1] / held[0], file_size(sparse) / file_size(dense)
    door = "provider" if case.provider else "both" if case.int8 else "operator"
    return Whole(case.model, case.form, case.zeros, door, one / mine, two / both, mine / both, mine * 1e3, memory, size)


def _times(dense: Path, sparse: Path, provider: str, feeds: Feeds, threads: int, rounds: int) -> tuple[float, float]:
    """Medians of a dense and of a sparse run, in seconds."""
    pair = (session(dense, threads=threads), session(sparse, threads=threads, provider=provider))
    samples = interleave([prepare(one, feeds) for one in pair], Effort(rounds, 2, 0.002, 120.0))
    first, second = (median(one.cpu if threads == 1 else one.wall) for one in samples)
    return first, second


def chosen(only: str) -> Iterator[Case]:
    """The cases of the models that are meant."""
    return (case for case in CASES if fnmatchcase(case.model, only))


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; see the module's docstring. Exit code 2 where no model is meant."""
    parser = argparse.ArgumentParser(prog="python -m tools.sparse_models", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", default="*", metavar="GLOB", help="models whose name fits")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--keep", metavar="PROCESSOR", nargs="?", const=environment().cpu)
    asked = parser.parse_args(arguments)
    cases = list(chosen(asked.only))
    if not cases:
        print("no model of that name", file=sys.stderr)
        return 2
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    for case in cases:
        found = measured(case, asked.rounds)
        print(found, flush=True)
        if asked.keep:
            page_kernels.keep_whole(asdict(found), page_kernels.whole(), asked.keep)
    if asked.keep:
        print(page_kernels.write())
    return 0


if __name__ == "__main__":
    sys.exit(main())
