"""Every key of gate.toml, in one table: the reader, the JSON schema, `gate init` and the documentation come from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from onnxprune.settings import Key, kinds
from onnxprune.settings.kinds import Kind


@dataclass(frozen=True)
class Table:
    """A table of gate.toml. short: keys that `name = VALUE` may mean, the first that takes the value."""

    meaning: str
    keys: Mapping[str, Key]
    short: tuple[str, ...] = ()


def _quantity(what: str, most: Kind, example: str) -> Table:
    return Table(
        what,
        {
            "ratio": Key(kinds.RATIO, "at most so many times the baseline's", "1.0"),
            "max": Key(most, "at most so much", f'"{example}"'),
        },
        ("ratio", "max"),
    )


_LATENCY = {
    "ratio": Key(kinds.RATIO, "slower than so many times the baseline model, timed here and now, is not met", "1.02"),
    "detect": Key(kinds.RATIO, "the slowdown that must not slip through; below it is met; by default 3 % above ratio",
                  "1.05"),
    "max": Key(kinds.TIME, "at most so long in the median, on this machine", '"20 ms"'),
    "false_alarm": Key(kinds.RISK, "how often a model that is no slower than ratio may be not met", "0.01", 0.01),
    "missed": Key(kinds.RISK, "how often a model that is slower than detect may be met", "0.01", 0.01),
    "clock": Key(kinds.choice("auto", "wall", "processor"), "auto: for one thread on the CPU processor time, which "
                 "others don't lengthen; else time on the wall", '"auto"', "auto"),
    "seconds": Key(kinds.SECONDS, "after so long without a decision it's undecided", "60", 60.0),
    "undecided": Key(kinds.choice("pass", "fail"), "what an undecided gate does", '"pass"', "pass"),
}  # fmt: skip

_FIDELITY = {
    "max_loss": Key(kinds.SHARE, "answers that change; where outputs are no classes, 1 - cosine", "0.01"),
    "min_cosine": Key(kinds.COSINE, "cosine of the outputs to the baseline model's", "0.999"),
    "min_agreement": Key(kinds.SHARE, "share of answers that are the baseline model's", "0.99"),
    "max_error": Key(kinds.ERROR, "largest difference of an output, over its largest value", "0.001"),
    "data": Key(kinds.TEXT, "real inputs (docs/data.md); by default those that were recorded", '"calib.npz"'),
    "samples": Key(kinds.WHOLE, "use at most so many samples", "512"),
    "preprocess": Key(kinds.TEXT, "what becomes of pictures", '"preprocess.toml"'),
}

_OPS = {
    "allowed": Key(kinds.TEXTS, "no other operators; those of other domains as domain.Op", '["Conv", "Relu"]'),
    "forbidden": Key(kinds.TEXTS, "none of these", '["Einsum"]', []),
    "new": Key(kinds.SWITCH, "whether there may be operators that the baseline lacks", "false", True),
}

_RUN = {
    "threads": Key(kinds.WHOLE, "threads of ONNX Runtime; by default as recorded, like the other keys here", "1"),
    "provider": Key(kinds.choice("cpu", "cuda", "sparse"), "where ONNX Runtime computes", '"cpu"'),
    "dims": Key(kinds.LENGTHS, "lengths of open dimensions", "{ batch = 1 }"),
    "seed": Key(kinds.SEED, "seed of inputs that are made up", "0"),
}

TABLES: dict[str, Table] = {
    "size": _quantity("Bytes of the model with its data files.", kinds.SIZE, "2 MiB"),
    "params": _quantity("Stored parameters.", kinds.COUNT, "1.5 M"),
    "macs": _quantity("Multiply-accumulates of one inference.", kinds.COUNT, "300 M"),
    "memory": _quantity("Peak memory of loading the model and running it once.", kinds.SIZE, "64 MiB"),
    "latency": Table("Time of one inference, against the baseline model in turns.", _LATENCY, ("ratio", "max")),
    "fidelity": Table("How far the outputs are from the baseline model's.", _FIDELITY, ("max_loss",)),
    "ops": Table("Operators that the model uses.", _OPS, ("allowed",)),
    "opset": Table(
        "Version of the standard opset.",
        {"min": Key(kinds.WHOLE, "at least", "13"), "max": Key(kinds.WHOLE, "at most", "21")},
    ),
    "signature": Table(
        "Names, types and shapes of inputs and outputs.",
        {"same": Key(kinds.SWITCH, "whether they must be the baseline's", "true", False)},
        ("same",),
    ),
    "run": Table("How models are run.", _RUN),
}

STANDARD: dict[str, object] = {
    "size": 1.0,
    "params": 1.0,
    "macs": 1.0,
    "memory": 1.1,
    "latency": {"ratio": 1.02, "detect": 1.05},
    "signature": True,
}
"""What is checked where no limit is given at all: nothing may get worse."""
