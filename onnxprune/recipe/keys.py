"""Every key of a recipe, in one table: the reader, the JSON schema, `onnxprune init` and `--help` come from it."""

from __future__ import annotations

from onnxprune.settings import Key, Kind, either, kinds
from onnxprune.settings.kinds import SEED, SWITCH, TEXT, TEXTS, WHOLE, choice

_TARGET = Kind(
    {"type": "string", "pattern": r"^(macs|params|size|latency)=(0?\.[0-9]*[1-9][0-9]*|1(\.0*)?)$"},
    'a quantity and a fraction of it, such as "macs=0.5" (macs, params, size, latency)',
)
_EFFORT = either(
    [
        WHOLE,
        Kind(
            {"type": "string", "pattern": r"^(?=.*[1-9])([0-9]+(\.[0-9]+)?[smh]|[0-9]+)$"},
            'a time such as "10m", "90s", "1h"',
        ),
    ]
)
_AMOUNT = Kind({"type": "number", "minimum": 0, "maximum": kinds.MOST}, "a number from 0")
_ABOVE = Kind({"type": "number", "exclusiveMinimum": 0, "maximum": kinds.MOST}, "a number above 0")
_INSIDE = Kind({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}, "a number above 0 and below 1")
_WORD = Kind({"type": "string", "pattern": r"^[A-Za-z0-9_:.-]+$"}, "a word")
_BYTES = choice("int8", "uint8")

RESULT = {
    "output": Key(TEXT, "Where to write; by default MODEL.pruned.onnx (or DIRECTORY.pruned) beside the model.",
                  '"small.onnx"'),
    "file": Key(TEXTS, "Of a directory, prune these models only, by GLOB; the others are carried over.",
                '["decoder*.onnx"]'),
    "report": Key(TEXT, "Write report.html, report.json, report.md and plan.json there.", '"report"'),
    "target": Key(_TARGET, "At most this fraction of macs, params, size or latency stays; macs=0.5 where nothing else "
                  "decides.", '"macs=0.5"'),
    "max_loss": Key(kinds.BELOW_ONE, "The smallest model that loses at most this on the data (0.01: 1 %), no smaller "
                    "than the target; or the one with most zeros.", "0.01"),
    "metric": Key(TEXT, "MODULE:FUNCTION that tells how good a model is, for a limit of loss; see docs/data.md.",
                  '"mine:accuracy"'),
    "bench": Key(SWITCH, "Measure latency and fidelity of the result.", "true", True),
}  # fmt: skip

COMMON = {
    "data": Key(TEXT, "Real inputs: FILE.npz, .npy or .jsonl, a folder of arrays or pictures, MODULE:FUNCTION; random "
                "ones, which are the default where nothing else decides; none: weights alone.", '"calib.npz"'),
    "samples": Key(WHOLE, "Use at most so many samples of the data; by default 512, and 16384 to train on.", "512"),
    "preprocess": Key(TEXT, "FILE.toml: what becomes of a picture; by default preprocess.toml in the folder.",
                      '"preprocess.toml"'),
    "labels": Key(TEXT, "What the data call their labels, for criteria by gradients; see docs/data.md.", '"label"'),
    "dims": Key(kinds.LENGTHS, "Lengths of open dimensions, by name or INPUT:AXIS.", "{ batch = 1 }"),
    "seed": Key(SEED, "Seed of everything random.", "0", 0),
    "threads": Key(WHOLE, "Threads of ONNX Runtime.", "1", 1),
    "provider": Key(choice("cpu", "cuda", "sparse"), "Where ONNX Runtime computes: cpu, cuda or sparse (the plug-in "
                    "for weights with zeros).", '"cpu"', "cpu"),
    "protect": Key(TEXTS, "Weights and nodes to leave whole, by GLOB.", '["fc*"]'),
    "only": Key(TEXTS, "Touch nothing but these, by GLOB.", '["layer4*"]'),
    "verify": Key(SWITCH, "Prove the result.", "true", True),
}  # fmt: skip

_SPARSE_FORMAT = Key(
    choice("zeros", "op", "initializer"),
    "How sparse weights are written: zeros (the default), op "
    "(SparseMatMul, for the plug-in; by default for a target in time) or initializer.",
    '"zeros"',
)
_REPAIR = Key(TEXT, "What makes up for the units that go; see 'onnxprune list repairs'.", '"sequential"')
_ALIGN = Key(
    either([choice("auto"), WHOLE]), "Widths are multiples of N; auto: what the kernels like.", '"auto"', "auto"
)
_MODE = Key(choice("full", "perp", "lora"), "What is trained: full (all weights), perp (biases, norms, low-rank "
            "changes) or lora.", '"full"', "full")  # fmt: skip

HOW = {
    "pass": Key(TEXTS, "What may go: NAME or 'NAME{ratio=0.25}'; see 'onnxprune list passes'.",
                '["channels{ratio=0.25}"]'),
    "criterion": Key(TEXT, "How units are scored; see 'onnxprune list criteria'.", '"obs_loss"'),
    "aggregate": Key(choice("sum", "mean", "max", "min", "prod"), "How scores of coupled weights or layers become one: "
                     "sum, mean, max, min, prod; default: as published.", '"sum"'),
    "budget": Key(TEXT, "How removal is shared out; see 'onnxprune list budgets'.", '"knapsack"'),
    "repair": _REPAIR,
    "align": _ALIGN,
    "plan": Key(TEXT, "PLAN.json: do again what an earlier report's plan.json says.", '"report/plan.json"'),
    "search_minutes": Key(_ABOVE, "Look so long for better widths than the budget's, by what masked units lose on the "
                          "data.", "5"),
    "train_masks": Key(_EFFORT, "Learn what goes by training gates on all units: 5m, 90s or a number of steps. Needs "
                       "data and torch.", '"5m"'),
    "mask_method": Key(choice("polarised", "cofi", "l0", "ste"), "How gates are trained: polarised (the default), "
                       "cofi, l0 or ste; see docs/masks.md.", '"polarised"'),
    "mask_weights": Key(SWITCH, "While masks are trained, weights learn along (the default); the result doesn't get "
                        "these.", "true"),
    "sparse_format": _SPARSE_FORMAT,
    "recover": Key(_EFFORT, "Train the result towards the dense model: 10m, 90s, 1h or a number of steps. Needs torch.",
                   '"10m"'),
    "recover_mode": _MODE,
    "recover_rounds": Key(WHOLE, "Prune in so many steps, each followed by a part of the training.", "1", 1),
}  # fmt: skip

OPTIMIZE = {**RESULT, **COMMON, **HOW}
"""Everything that a recipe without stages can say: the options of `onnxprune optimize`."""

_ZEROS = {
    "pattern": Key(_WORD, "Blocks of OUTPUTSxINPUTS, N:M, unstructured, or auto.", '"16x1"', "16x1"),
    "sparsity": Key(_INSIDE, "Share of zeros in each weight; 0.5 where no target in time and no limit of loss decides.",
                    "0.5"),
    "method": Key(_WORD, "What decides where zeros go; see 'onnxprune list sparsifiers'.", '"alps"'),
    "refit": Key(SWITCH, "Whether the weights that stay are solved for once more.", "true", True),
    "share": Key(choice("errors", "even"), "How zeros are shared out over layers: by the errors they make, or evenly.",
                 '"errors"', "errors"),
    "order": Key(SWITCH, "Whether units change places so that like ones share blocks.", "true", True),
    "ends": Key(SWITCH, "Whether the first and the last layers are taken too.", "false", False),
    "least": Key(kinds.SEED, "Weights with fewer numbers stay as they are.", "4096", 4096),
    "where": Key(choice("faster", "all"), "All layers, or those that get faster on this machine; default: faster where "
                 "the result runs with sparse kernels.", '"faster"'),
    "min_gain": Key(_ABOVE, "How many times as fast a layer has to become.", "1.1", 1.1),
    "values": Key(choice("float32", "int8"), "What the weights that stay are stored in.", '"float32"', "float32"),
    "wrap": Key(WHOLE, "Size of the blocks of the matrices that the method armor puts around weights.", "8"),
}  # fmt: skip

_TRAINING = {
    "for": Key(_EFFORT, "How long: 10m, 90s, 1h, or a number of steps.", '"10m"', "10m"),
    "mode": _MODE,
    "match": Key(_AMOUNT, "How much tensors inside count beside the outputs.", "1.0", 1.0),
    "loss": Key(choice("kl", "mse", "cosine"), "Of all outputs; by default by what each of them is.", '"kl"'),
    "rate": Key(_ABOVE, "The highest rate, as a share of a weight's size.", "0.01", 0.01),
    "batch": Key(WHOLE, "Samples for a step.", "32", 32),
    "augment": Key(TEXTS, "What is done to pictures while training: flip, shift, mix.", '["flip"]'),
    "device": Key(choice("cpu", "cuda"), "Where to train; by default a GPU if there is one.", '"cpu"'),
}  # fmt: skip

_WHOLE_NUMBERS = {
    "mode": Key(choice("static", "dynamic"), "Ranges found once, on data, or in every call; default: static with "
                "data.", '"static"'),
    "weights": Key(_BYTES, "Type of weights; by default what CPUs like.", '"int8"'),
    "activations": Key(_BYTES, "Type of what they are multiplied with; dynamic knows uint8 only.", '"uint8"'),
    "per_channel": Key(SWITCH, "A scale for every output of a weight.", "false", False),
    "reduce_range": Key(SWITCH, "Weights of 7 bits, for processors whose 8-bit products overflow.", "false", False),
    "ops": Key(TEXTS, "Types of operators; by default those that hold weights, \"all\": all that ONNX Runtime's "
                "quantizer knows.", '["Conv", "MatMul"]'),
}  # fmt: skip


def _common(*names: str) -> dict[str, Key]:
    return {name: COMMON[name] for name in names}


_GOALS = {name: RESULT[name] for name in ("target", "max_loss", "metric")}
_LOOKS = ("data", "samples", "preprocess", "dims", "seed")

STAGES = {
    "prune": {**_GOALS, **HOW, **COMMON},
    "sparsify": {**_ZEROS, **_GOALS, "sparse_format": _SPARSE_FORMAT, "repair": _REPAIR,
                 "align": _ALIGN, **_common(*(name for name in COMMON if name != "labels"))},
    "recover": {**_TRAINING, **_common(*_LOOKS)},
    "quantise": {**_WHOLE_NUMBERS, **_common(*_LOOKS, "protect")},
}  # fmt: skip
"""The keys of stages, by kind."""

SPARSITY = frozenset(_ZEROS)
"""Those that are options of the pass `sparsify`."""

MEANINGS = {
    "prune": "Units go, as by `onnxprune optimize`.",
    "sparsify": "Zeros go into weights; the pass of that name.",
    "recover": "Weights are trained towards the dense model; as `onnxprune recover`.",
    "quantise": "Weights and activations become 8-bit numbers, by ONNX Runtime's quantizer.",
}

SHARED = frozenset((*RESULT, *COMMON))
"""What may stand above stages: about the whole, or a default of every stage that has such a key."""


def meaning(name: str, more: str = "") -> str:
    """What an option of `optimize` means, for `--help`."""
    return f"{OPTIMIZE[name].meaning}{more}"
