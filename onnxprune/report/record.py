"""report.json as types: every field of the file is a field here, under the same name.

Times are in seconds, sizes in bytes. A measure that came out infinite, which JSON has no number for, is null.
"""

from __future__ import annotations

import dataclasses
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onnxprune.pruning.obstacles import Lock
from onnxprune.report.closeness import Closeness
from onnxprune.report.details import Details
from onnxprune.runtime.environment import Environment

VERSION = 1


@dataclass(frozen=True, slots=True)
class File:
    """A file that was read or written."""

    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Aim:
    """The target: at most `fraction` of the dense model's `quantity`; left: the fraction that is left."""

    quantity: str
    fraction: float
    left: float
    met: bool


@dataclass(frozen=True, slots=True)
class Counts:
    """Stored parameters, multiply-accumulates of one inference, bytes of the model with its data files."""

    params: int
    macs: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds per run."""

    median: float
    fastest: float
    cpu_median: float


@dataclass(frozen=True, slots=True)
class Interval:
    """A ratio with its 95 % confidence interval; None where nothing was above zero to divide by."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Latency:
    """Interleaved timing; speedup: dense over pruned time; shapes: of the inputs that were used."""

    rounds: int
    shapes: dict[str, list[int]]
    before: Timing
    after: Timing
    speedup: Interval
    cpu_speedup: Interval


@dataclass(frozen=True, slots=True)
class Given:
    """The data that fidelity was measured on; sha256: of its contents; synthetic: made up; see `calibration.Data`."""

    name: str
    sha256: str
    samples: int
    calls: int
    synthetic: bool
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Attempt:
    """A pruning that was tried; target: what was aimed at, of the loss's quantity; macs: the fraction that is left;
    loss: a fraction, of at most 1 where fidelity tells it, infinite where the metric was no number; found: what came
    of the aim"""

    target: float
    macs: float
    loss: float
    found: float


@dataclass(frozen=True, slots=True)
class Loss:
    """How much worse the result is than the dense model, and how it was found. limit, loss: fractions

    metric: the user's function, empty: fidelity on data held out; before, after: what the metric says, or None;
    trials: in the order in which they were made; quantity: what they aimed at, that of a target (a fraction of it is
    left) or sparsity (of zeros); aim: how much of it the result did, None where a plan was done again, or stages
    """

    limit: float
    loss: float
    met: bool
    metric: str
    before: float | None
    after: float | None
    quantity: str
    aim: float | None
    trials: list[Attempt]


@dataclass(frozen=True, slots=True)
class ProofRecord:
    """The oracle's verdict: proved, undecided or skipped (a failed proof writes nothing)."""

    status: str
    error: float
    noise: float
    draws: int
    reason: str


@dataclass(frozen=True, slots=True)
class PassRecord:
    """What a pass did: groups that it offered and narrowed, units in the offered groups before and after."""

    name: str
    offered: int
    narrowed: int
    units_before: int
    units_after: int


@dataclass(frozen=True, slots=True)
class Zeros:
    """What was made sparse in one pattern: how many stored tensors, their elements, and how many of these are zero;
    methods: that decided where; values: what those that stay are stored in; wrapped: tensors between block-diagonal
    matrices; added: elements of the blocks of these"""

    pattern: str
    weights: int
    size: int
    zeros: int
    methods: list[str]
    values: str = "float32"
    wrapped: int = 0
    added: int = 0


@dataclass(frozen=True, slots=True)
class SparseLayer:
    """A layer that became sparse because that is faster, or stayed dense because it isn't (why_dense). rows: vectors
    that it reads in a call; gain: how many times as fast, None where no kernel takes it; dense_us, sparse_us:
    microseconds, 0 where nobody knows"""

    initializer: str
    pattern: str
    sparsity: float
    rows: int
    gain: float | None
    dense_us: float
    sparse_us: float
    why_dense: str


@dataclass(frozen=True, slots=True)
class Scores:
    """How the scores of a group's units are spread over equal bins from `low` to `high`: units that stayed and that
    went, bin by bin; cut: the lowest score of a unit that stayed where all that went score less, else None"""

    low: float
    high: float
    kept: list[int]
    gone: list[int]
    cut: float | None


@dataclass(frozen=True, slots=True)
class Width:
    """A narrowed group: units before and after, and how many axes of stored tensors shrank with it; scores: None where
    no criterion was asked"""

    id: str
    kind: str
    exact: bool
    before: int
    after: int
    members: int
    scores: Scores | None


@dataclass(frozen=True, slots=True)
class MaskRecord:
    """A training of masks; before, after: losses of the budget's choice and of the learned one on data held out, after
    repair; gained: whether the learned one was taken."""

    method: str
    weights: bool
    steps: int
    before: float | None
    after: float | None
    gained: bool


@dataclass(frozen=True, slots=True)
class Moment:
    """A look at data held out while training; loss: what was trained; fidelity: the loss between 0 and 1."""

    step: int
    seconds: float
    loss: float | None
    fidelity: float | None


@dataclass(frozen=True, slots=True)
class Recovered:
    """A training towards the dense model. losses: output -> how it was compared; best: whose weights were kept

    before, after: by ONNX Runtime on the data held out; reason: why it ended before its time, or empty
    """

    mode: str
    losses: dict[str, str]
    steps: int
    seconds: float
    gained: bool
    best: int
    curve: list[Moment]
    before: Closeness
    after: Closeness
    data: Given
    reason: str


@dataclass(frozen=True, slots=True)
class QuantisedRecord:
    """What a quantisation did. mode: static or dynamic; weights, activations: types; nodes: op -> how many compute in
    whole numbers now; data: what ranges were found on, None where they are found in every call"""

    mode: str
    weights: str
    activations: str
    per_channel: bool
    nodes: dict[str, int]
    data: Given | None


@dataclass(frozen=True, slots=True)
class StageRecord:
    """A stage of a recipe, and the model after it.

    kind: prune, sparsify, recover or quantise; settings: what the recipe says of it, defaults of all stages included;
    seconds: that it took; target, loss: its own, of what the stage before left, None where it has none; after: of the
    model that it made; fidelity: of that to the dense model, on the data of the whole, None where that can't be run;
    the rest as in Report
    """

    kind: str
    settings: dict[str, Any]
    seconds: float
    after: Counts
    fidelity: Closeness | None
    target: Aim | None
    loss: Loss | None
    proof: ProofRecord | None
    repairs: list[str]
    masks: MaskRecord | None
    recovery: Recovered | None
    quantised: QuantisedRecord | None
    passes: list[PassRecord]
    groups: list[Width]
    sparse: list[Zeros]
    sparse_layers: list[SparseLayer]
    warnings: list[str]


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that is known about one run of `optimize`. stages: of a recipe, in their order; none where there is no
    recipe, or one without stages. What is told beside them is of the whole: the target, the proof that is least sure,
    what stages did to groups and weights together. made_up: whether random inputs decided that nobody asked for.
    details: of the inside, where a folder was asked for."""

    version: int
    command: str
    environment: Environment
    source: File
    outputs: list[File]
    target: Aim | None
    loss: Loss | None
    before: Counts
    after: Counts
    latency: Latency | None
    fidelity: Closeness | None
    data: Given | None
    made_up: bool
    not_measured: str
    proof: ProofRecord
    repairs: list[str]
    masks: MaskRecord | None
    recovery: Recovered | None
    passes: list[PassRecord]
    untried: list[str]
    groups: list[Width]
    sparse: list[Zeros]
    sparse_layers: list[SparseLayer]
    sparse_format: str
    locked: list[Lock]
    unknown_ops: dict[str, int]
    warnings: list[str]
    stages: list[StageRecord]
    details: Details | None = None

    def to_json(self) -> str:
        """The text of report.json."""
        return to_json(self)


def to_json(record: Any) -> str:
    """A dataclass as indented JSON, with null for what is infinite or no number."""
    return json.dumps(finite(dataclasses.asdict(record)), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def finite(value: Any) -> Any:
    """The same lists, dictionaries and values, with None for floats that JSON can't write."""
    if isinstance(value, dict):
        return {str(k): finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [finite(v) for v in value]
    if isinstance(value, Path):
        return str(value)
    return None if isinstance(value, float) and not math.isfinite(value) else value
