"""Who turns an ONNX file into a module of PyTorch: one adapter for each converter, behind one interface.

The others are installed without their dependencies, each into a folder of its own in the cache folder, and use the
torch and onnx that are there; only one of them is ever imported by a process.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

from tools.peer_environment import packages

Call = Callable[[Mapping[str, "torch.Tensor"]], Mapping[str, Any]]
"""Tensors by the names of the graph's inputs -> by those of its outputs; a value may be a list of tensors."""


@dataclass(frozen=True)
class Lifted:
    """module: what holds the weights; call: runs it."""

    module: torch.nn.Module
    call: Call


@dataclass(frozen=True)
class Contestant:
    """convert: from a file; needs: what pip installs for it, nothing for the project itself."""

    convert: Callable[[Path], Lifted]
    needs: tuple[str, ...] = ()

    def ready(self) -> bool:
        """Whether it can be tried. Installs what is missing; raises CalledProcessError where pip fails."""
        return bool(packages(self.needs)) if self.needs else find_spec("onnxprune.lift") is not None

    def lift(self, file: Path) -> Lifted:
        """The converted file, in a process that is for nothing else."""
        if self.needs:
            sys.path.insert(0, str(packages(self.needs)))
        return self.convert(file)


def _ours(file: Path) -> Lifted:
    from onnxprune.runtime import PlainFile

    lifted: Any = import_module("onnxprune.lift").lift(PlainFile(file).load())
    return Lifted(lifted, lambda feeds: lifted(dict(feeds)))


def _by_node(package: str) -> Callable[[Path], Lifted]:
    """onnx2torch and its fork: the results are those of the nodes that make an output, all of each node's."""

    def convert(file: Path) -> Lifted:
        import onnx

        module: Any = import_module(package).convert(str(file))
        graph = onnx.load(file, load_external_data=False).graph
        inputs, makers = _inputs(graph), _makers(graph)

        def call(feeds: Mapping[str, torch.Tensor]) -> dict[str, Any]:
            found = module(*(feeds[name] for name in inputs))
            results = [found] if len(makers) == 1 else found
            named: dict[str, Any] = {}
            for outputs, result in zip(makers, results, strict=True):
                single = len(outputs) == 1
                named |= {outputs[0]: result} if single else dict(zip(outputs, result, strict=False))
            return {value.name: named[value.name] for value in graph.output}

        return Lifted(module, call)

    return convert


def _in_order(make: Callable[[Path], Any]) -> Callable[[Path], Lifted]:
    """Converters whose modules take the inputs in order and return the outputs in order, one without a list."""

    def convert(file: Path) -> Lifted:
        import onnx

        module = make(file)
        graph = onnx.load(file, load_external_data=False).graph
        inputs, outputs = _inputs(graph), [value.name for value in graph.output]

        def call(feeds: Mapping[str, torch.Tensor]) -> dict[str, Any]:
            found = module(*(feeds[name] for name in inputs))
            results = [found] if len(outputs) == 1 and not _is_list_of_one(found) else found
            return dict(zip(outputs, results, strict=True))

        return Lifted(module, call)

    return convert


def _is_list_of_one(found: object) -> bool:
    return isinstance(found, list | tuple) and len(found) == 1


def _inputs(graph: Any) -> list[str]:
    stored = {tensor.name for tensor in graph.initializer}
    return [value.name for value in graph.input if value.name not in stored]


def _makers(graph: Any) -> list[Sequence[str]]:
    """Of every node that makes an output of the graph, in the order of these, the names of all that it makes."""
    made = {name: tuple(node.output) for node in graph.node for name in node.output if name}
    return list(dict.fromkeys(made[value.name] for value in graph.output))


def _onnx2pytorch(file: Path) -> Any:
    import onnx

    return import_module("onnx2pytorch").ConvertModel(onnx.load(file))


CONTESTANTS: Mapping[str, Contestant] = {
    "onnxprune": Contestant(_ours),
    "onnx2torch": Contestant(_by_node("onnx2torch"), ("onnx2torch==1.5.15",)),
    "onnx2torch2": Contestant(_by_node("onnx2torch2"), ("onnx2torch2==2.2.0",)),
    "onnx2pytorch": Contestant(_in_order(_onnx2pytorch), ("onnx2pytorch==0.6.0",)),
    "onnx2fx": Contestant(_in_order(lambda file: import_module("onnx2fx").convert(str(file))), ("onnx2fx==0.0.1",)),
}
