"""Calls of ONNX Runtime's quantizer, with its words in the place of its log."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import onnxruntime as ort

from onnxprune.calibration.data import Data
from onnxprune.errors import InputError
from onnxprune.runtime import Array
from onnxprune.words import cause, did_you_mean

HELD = 8
"""Outputs of about so many calls are held at once while ranges are found; more take memory only."""

LARGE = 2**31 - 2**20
"""Bytes of weights that no longer go into one file."""

_WARNING, _FATAL = 2, 4
"""Of ONNX Runtime's log; the first is what it starts with."""

WEIGHTED = {"Attention", "Conv", "ConvTranspose", "EmbedLayerNormalization", "Gather", "Gemm", "LSTM", "MatMul"}
"""Operators that hold weights, where the bytes and the time are. To quantise what lies between them as well, which is
the quantizer's own default, costs transformers most of their answers, and gains little time."""

ALL = "all"
"""Stands for every operator that the quantizer knows."""


def check_ops(mode: str, ops: Sequence[str]) -> None:
    """Raise InputError for types of operators that the quantizer doesn't know in that mode."""
    known = _known(mode)
    for op in ops:
        if op not in (ALL, *known):
            hint = did_you_mean(op, known) or f"; there are {', '.join(sorted(known))}"
            raise InputError(f"{mode} quantisation knows no operator '{op}'{hint}")


def chosen_ops(mode: str, ops: Sequence[str]) -> list[str]:
    """The operators to quantise: those named, where none is those that hold weights."""
    known = _known(mode)
    return sorted(known if ALL in ops else set(ops) or WEIGHTED & known)


def _known(mode: str) -> set[str]:
    from onnxruntime.quantization.registry import IntegerOpsRegistry, QDQRegistry, QLinearOpsRegistry

    return set(IntegerOpsRegistry) if mode == "dynamic" else {*QDQRegistry, *QLinearOpsRegistry}


def simplified(model: Path, place: Path) -> Path:
    """The model with constants and normalisations folded and shapes written down; as it is where that can't be done."""
    from onnxruntime.quantization import quant_pre_process

    try:
        with _quietly():
            quant_pre_process(model, place, skip_symbolic_shape=True, save_as_external_data=_is_large(model))
    except Exception:  # a shape or an operator that it doesn't understand: the quantizer can do without
        return model
    return place if place.is_file() else model


def run_quantizer(
    model: Path,
    place: Path,
    data: Data | None,
    *,
    weights: str,
    activations: str,
    per_channel: bool,
    reduce_range: bool,
    ops: Sequence[str],
    leave: Sequence[str],
) -> None:
    """Quantise a file, by ranges on data, or dynamically where there are none.

    ops: types of operators; leave: names of nodes. Raises InputError with the quantizer's words where it fails.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic, quantize_static

    types = {"int8": QuantType.QInt8, "uint8": QuantType.QUInt8}
    how: dict[str, Any] = {
        "op_types_to_quantize": list(ops),
        "nodes_to_exclude": list(leave),
        "per_channel": per_channel,
        "reduce_range": reduce_range,
        "weight_type": types[weights],
        "use_external_data_format": _is_large(model),
    }
    try:
        with _quietly():
            if data is None:
                quantize_dynamic(model, place, **how)
            else:
                how |= {"activation_type": types[activations], "extra_options": _held(len(data))}
                quantize_static(model, place, _Reader(data), **how)
    except InputError:  # of data that are broken
        raise
    except Exception as error:  # the quantizer's exceptions are of every kind
        raise InputError(f"ONNX Runtime's quantizer failed: {cause(error)}") from error


def _held(calls: int) -> dict[str, int]:
    """The quantizer stumbles where nothing is left to merge behind the last call."""
    return next(({"CalibMaxIntermediateOutputs": n} for n in range(HELD, 2 * HELD) if calls % n), {})


class _Reader:
    """Calls of a model, as the quantizer asks for them."""

    def __init__(self, data: Data) -> None:
        self._calls = iter(data)

    def get_next(self) -> Mapping[str, Array] | None:
        """The next call, None behind the last one."""
        return next(self._calls, None)


def _is_large(model: Path) -> bool:
    beside = model.parent.glob(f"{model.name}.*data")
    return model.stat().st_size + sum(file.stat().st_size for file in beside) > LARGE


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Without the quantizer's log, which advises its own developers, and that of the sessions that it opens."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    ort.set_default_logger_severity(_FATAL)
    try:
        yield
    finally:
        logging.disable(before)
        ort.set_default_logger_severity(_WARNING)
