"""One tool takes half of every layer of one reference model, without any hint.

python -m tools.peer_tool TOOL NAME OUT      run by tools.peer_reach in the environment of the other tools

A hint is what only somebody who knows the model could say. That the last layer's outputs are the model's answer is told
to Torch-Pruning, which takes everything else for prunable; which channels go is told to qonnx, which has no criterion.
"""

from __future__ import annotations

import copy
import dataclasses
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import onnx
import torch

from onnxprune.export import write
from onnxprune.pruning import Options, optimize
from onnxprune.runtime import run, session
from tools import zoo_models
from tools.peer_torch import last_linear, source

RATIO = 0.5


def ours(name: str, out: Path, *further: str) -> float:
    """Heads and channels at a ratio, with the proof and all else that a user's run does, but for the timing."""
    passes = tuple(f"{kind}{{ratio={RATIO}}}" for kind in ("channels", "heads", *further))
    start = time.process_time()
    optimize(zoo_models.path(name), out, Options(passes=passes, bench=False))
    return time.process_time() - start


def with_residuals(name: str, out: Path) -> float:
    """Residual widths too where a normalisation makes that inexact, as Torch-Pruning always does."""
    return ours(name, out, "hidden")


def torch_pruning(name: str, out: Path) -> float:
    """Uniform magnitude pruning of the module, exported as the dense file was; the seconds are without the export."""
    tp: Any = import_module("torch_pruning")
    model = source(name)
    module = copy.deepcopy(model.module)
    start = time.process_time()
    pruner = tp.pruner.BasePruner(
        module,
        tuple(model.inputs.values()),
        importance=tp.importance.GroupMagnitudeImportance(p=2),
        pruning_ratio=RATIO,
        ignored_layers=last_linear(module),
    )
    pruner.step()
    seconds = time.process_time() - start
    write(dataclasses.replace(model, module=module), out, opset=18, run=_run)
    return seconds


def onnxsim(name: str, out: Path) -> float:
    """Its structured magnitude pruning of the file, simplified first, as its documentation has it."""
    library: Any = import_module("onnxsim")
    start = time.process_time()
    simple, _ = library.simplify(onnx.load(zoo_models.path(name)))
    onnx.save(library.apply_structured_pruning(simple, RATIO), out)
    return time.process_time() - start


def qonnx(name: str, out: Path) -> float:
    """PruneChannels, told to take the second half of the channels of every convolution but the last.

    The cleanup renames inputs and outputs; they get their names back.
    """
    wrapper: Any = import_module("qonnx.core.modelwrapper").ModelWrapper
    cleanup: Any = import_module("qonnx.util.cleanup").cleanup_model
    prune: Any = import_module("qonnx.transformation.pruning").PruneChannels
    start = time.process_time()
    source = wrapper(str(zoo_models.path(name)))
    names = _ends(source)
    model = cleanup(source, extract_conv_bias=True)
    weights = [node.input[1] for node in model.graph.node if node.op_type == "Conv"][:-1]
    shapes = {weight: model.get_tensor_shape(weight) for weight in weights}
    spec = {w: {0: set(range(s[0] - int(s[0] * RATIO), s[0]))} for w, s in shapes.items() if s[1] > 1}
    pruned = model.transform(prune(spec))
    seconds = time.process_time() - start
    for given, wanted in zip(_ends(pruned), names, strict=True):
        pruned.rename_tensor(given, wanted)
    pruned.save(str(out))
    return seconds


def _ends(model: Any) -> list[str]:
    return [value.name for value in (*model.graph.input, *model.graph.output)]


TOOLS: dict[str, Callable[[str, Path], float]] = {
    "onnxprune": ours,
    "onnxprune, hidden": with_residuals,
    "Torch-Pruning": torch_pruning,
    "onnxsim": onnxsim,
    "qonnx": qonnx,
}


def _run(file: Path, feeds: Mapping[str, Any]) -> list[Any]:
    return list(run(session(file), feeds).values())


def main(arguments: Sequence[str]) -> None:
    """Print the processor seconds, or why it failed, as the last line of stdout."""
    tool, name, out = arguments
    torch.set_num_threads(1)
    try:
        found: dict[str, Any] = {"seconds": TOOLS[tool](name, Path(out))}
    except (Exception, SystemExit) as error:  # whatever their code raises is a result
        found = {"failed": f"{type(error).__name__}: {error}".splitlines()[0][:160]}
    print(f"\n{json.dumps(found)}")


if __name__ == "__main__":
    main(sys.argv[1:])
