"""Processor seconds of pruning itself, without loading, proving and saving: this project and others in one process.

python -m tools.peer_compile NAME      run by tools.peers in the environment of the other tools
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import onnx
import onnx_graphsurgeon as gs
import torch

from onnxprune.coupling import analyze
from onnxprune.graph import load, normalize
from onnxprune.pruning import Options, Target, decide
from onnxprune.rewrite import keep_of, shrink
from tools import zoo_models
from tools.peer_torch import Way, prune, source

REPEATS = 3
RATIO = 0.5

Seconds = dict[str, float]


def measure(name: str) -> dict[str, Any]:
    """The fastest of a few runs of each tool; a tool that fails has its reason instead."""
    file = zoo_models.path(name)
    model = source(name)
    row: dict[str, Any] = {"ours": _fastest(lambda: _ours(file))}
    row["torch-pruning"] = _tried(lambda: _torch_pruning(model))
    whole = onnx.load(file)
    for function in ("apply_structured_pruning", "apply_structured_pruning_cpp"):
        row[function] = _tried(partial(_onnxsim, function, whole))
    return row


def _ours(file: Path) -> Seconds:
    """load: not counted in the total; it includes reading the weights, which is put off otherwise."""
    start = time.process_time()
    model = load(file)
    for tensor in model.graph.tensors().values():
        if isinstance(tensor, gs.Constant):
            tensor.values  # noqa: B018
    loaded = time.process_time()
    model = normalize(model)
    analysis = analyze(model.graph, model.opsets)
    analysed = time.process_time()
    decision = decide(analysis, Options(target=Target("macs", RATIO)), file, {})
    chosen = time.process_time()
    shrink(model, analysis, keep_of(analysis, decision.masks))
    end = time.process_time()
    parts = {"analyse": analysed - loaded, "choose": chosen - analysed, "shrink": end - chosen}
    return {"total": end - loaded, "load": loaded - start, **parts}


def _torch_pruning(model: Any) -> Seconds:
    found = prune(model, RATIO, Way())
    return {"total": found.build + found.prune, "build": found.build, "prune": found.prune}


def _onnxsim(function: str, model: onnx.ModelProto) -> Seconds:
    run = getattr(import_module("onnxsim"), function)
    given = onnx.ModelProto()
    given.CopyFrom(model)
    start = time.process_time()
    run(given, RATIO)
    return {"total": time.process_time() - start}


def _tried(call: Callable[[], Seconds]) -> dict[str, Any]:
    try:
        return _fastest(call)
    except Exception as error:  # whatever their code raises is a result
        return {"failed": f"{type(error).__name__}: {error}".splitlines()[0][:200]}


def _fastest(call: Callable[[], Seconds]) -> dict[str, Any]:
    return min((call() for _ in range(REPEATS)), key=lambda seconds: seconds["total"])


def main(arguments: Sequence[str]) -> None:
    """Print the row as the last line of stdout."""
    torch.set_num_threads(1)
    print(f"\n{json.dumps(measure(arguments[0]))}")


if __name__ == "__main__":
    main(sys.argv[1:])
