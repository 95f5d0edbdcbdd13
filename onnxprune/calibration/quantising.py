"""Whole numbers in the place of floats, by ONNX Runtime's own quantizer.

Static: ranges of tensors are found once, on data, and pairs of QuantizeLinear and DequantizeLinear go into the file.
Dynamic: weights are quantised, and what they are multiplied with is in every call. See
https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from onnxprune.calibration.data import Data
from onnxprune.calibration.quantizable import (
    computing_in_whole_numbers,
    kept_floats,
    named,
    whole_already,
    with_flat_biases,
)
from onnxprune.calibration.quantizer import check_ops, chosen_ops, run_quantizer, simplified
from onnxprune.errors import InputError
from onnxprune.graph import Model, data_files_of, graphs, load, save, scratch_folder
from onnxprune.runtime import file_size, session

PER_AXIS = 13
"""The first opset whose DequantizeLinear takes a scale for every index of an axis."""

BODIES = " outside of the bodies of others, which the quantizer leaves alone"

MODES, TYPES = ("static", "dynamic"), ("int8", "uint8")


@dataclass(frozen=True, slots=True)
class Quantisation:
    """What may be chosen.

    mode: static or dynamic, empty: static where there are data; weights, activations: int8 or uint8, empty: what the
    kernels of CPUs like; per_channel: every output of a weight has a scale of its own; reduce_range: weights have 7
    bits, for processors whose 8-bit products overflow; ops: types of operators to quantise, empty: those that hold
    weights, "all": all that ONNX Runtime can; protect: globs over names of weights and nodes that stay as they are
    """

    mode: str = ""
    weights: str = ""
    activations: str = ""
    per_channel: bool = False
    reduce_range: bool = False
    ops: Sequence[str] = ()
    protect: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Quantised:
    """What came of it. nodes: op -> how many compute in whole numbers; data: what ranges were found on, None where
    they are found in every call; warnings: sentences"""

    mode: str
    weights: str
    activations: str
    per_channel: bool
    nodes: dict[str, int]
    data: Data | None
    warnings: tuple[str, ...] = ()


def check_quantisation(setting: Quantisation, given: bool) -> None:
    """Raise InputError, before any work, for what can't be. given: whether there are data."""
    mode = mode_of(setting, given)
    if mode not in MODES:
        raise InputError(f"no mode of quantisation '{mode}'; there are {', '.join(MODES)}")
    if mode == "static" and not given:
        raise InputError("static quantisation needs data to find ranges on (data); without, there is mode = dynamic")
    for name in (setting.weights, setting.activations):
        if name not in ("", *TYPES):
            raise InputError(f"no type '{name}' to quantise to; there are {', '.join(TYPES)}")
    if mode == "dynamic" and setting.activations == "int8":
        raise InputError("dynamic quantisation knows no activations of int8 (ONNX's DynamicQuantizeLinear gives uint8)")
    if mode == "static" and (setting.activations, setting.weights) == ("int8", "uint8"):
        raise InputError("ONNX Runtime has no products of int8 activations with uint8 weights")
    check_ops(mode, setting.ops)


def mode_of(setting: Quantisation, given: bool) -> str:
    """The mode; given: whether there are data."""
    return setting.mode or ("static" if given else "dynamic")


def quantise(source: Path, output: Path, setting: Quantisation, data: Data | None) -> Quantised:
    """Quantise a model file into another one that ONNX Runtime loads.

    data: what ranges are found on. What is quantised already stays as it is. Raises InputError where nothing can be
    quantised, or the quantizer fails.
    """
    check_quantisation(setting, data is not None)
    mode = mode_of(setting, data is not None)
    with scratch_folder(output.parent) as folder:
        before = _ready(source, folder)
        _check_opset(before, setting)
        left = kept_floats(load(source), before, setting.protect)
        ops = chosen_ops(mode, setting.ops)
        weights = setting.weights or _weights(before, mode, ops)
        activations = setting.activations or "uint8"
        run_quantizer(
            folder / "ready.onnx",
            folder / "whole.onnx",
            data if mode == "static" else None,
            weights=weights,
            activations=activations,
            per_channel=setting.per_channel,
            reduce_range=setting.reduce_range,
            ops=ops,
            leave=sorted(left.nodes | whole_already(before)),
        )
        _check_runs(folder / "whole.onnx")
        after = load(folder / "whole.onnx")
        nodes = _nodes(before, after, left.nodes, ops)
        save(after, output, external=None if file_size(source, list(data_files_of(source))) > 2**31 - 2**20 else False)
    ranges = data if mode == "static" else None
    return Quantised(mode, weights, activations, setting.per_channel, nodes, ranges, tuple(left.warnings))


def _ready(source: Path, folder: Path) -> Model:
    """The model with normalisations folded into weights and a name for every node, as `ready.onnx`."""
    save(load(source), folder / "plain.onnx")
    model = with_flat_biases(named(load(simplified(folder / "plain.onnx", folder / "simple.onnx"))))
    save(model, folder / "ready.onnx")
    return model


def _check_opset(model: Model, setting: Quantisation) -> None:
    opset = model.opset
    if setting.per_channel and opset < PER_AXIS:
        raise InputError(
            f"scales per channel need opset {PER_AXIS}, and the model has {opset}; leave it out, or export anew"
        )


def _check_runs(model: Path) -> None:
    try:
        session(model)
    except InputError as error:
        raise InputError(str(error).replace(str(model), "the quantised model")) from None


def _weights(model: Model, mode: str, ops: Sequence[str]) -> str:
    """Older ONNX Runtimes have no ConvInteger for weights of int8; all other kernels like them better."""
    convolves = "Conv" in ops and any(node.op == "Conv" for node in model.graph.nodes)
    return "uint8" if mode == "dynamic" and convolves else "int8"


def _nodes(before: Model, after: Model, left: set[str], ops: Sequence[str]) -> dict[str, int]:
    """By op, how many nodes compute in whole numbers now. Raises InputError where none does."""
    every = computing_in_whole_numbers(after, left) - computing_in_whole_numbers(before, set())
    found = {op: count for op, count in every.items() if op in ops}  # others may stand between two that do
    if not found:
        where = BODIES if len([*graphs(before)]) > 1 else ""
        raise InputError(
            f"nothing in the model can be quantised: no node of a kind that may be has a weight in floats{where}"
        )
    return dict(sorted(found.items()))
