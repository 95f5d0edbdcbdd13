"""What tools do to a graph before it is deployed: one function from file to file for each way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

SAMPLES = 4


def saved(source: Path, out: Path, level: str) -> None:
    """As ONNX Runtime optimises it at a level (`extended`, or `all` with layouts for the CPU), saved."""
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.log_severity_level = 3
    options.graph_optimization_level = {
        "extended": ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED,
        "all": ort.GraphOptimizationLevel.ORT_ENABLE_ALL,
    }[level]
    options.optimized_model_filepath = str(out)
    ort.InferenceSession(source, options, providers=["CPUExecutionProvider"])


def fused(source: Path, out: Path, model_type: str, heads: int = 4, hidden: int = 64) -> None:
    """With the operators of com.microsoft for transformers. Raises ValueError where none of their patterns is found."""
    from onnxruntime.transformers.optimizer import optimize_model

    model = optimize_model(str(source), model_type, num_heads=heads, hidden_size=hidden, opt_level=0)
    found = {name: count for name, count in model.get_fused_operator_statistics().items() if count}
    if not found:
        raise ValueError(f"nothing of {source.stem} was fused")
    model.save_model_to_file(str(out))


def dynamically_quantised(source: Path, out: Path, per_channel: bool = False) -> None:
    """Weights in int8, activations quantised while it runs."""
    from onnx import TensorProto
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(
        source,
        out,
        per_channel=per_channel,
        weight_type=QuantType.QUInt8,  # ConvInteger has no kernel for signed weights on a CPU
        extra_options={"DefaultTensorType": TensorProto.FLOAT},  # of what comes out of operators of com.microsoft
    )


def statically_quantised(source: Path, out: Path, format_name: str, per_channel: bool = False) -> None:
    """Quantised with ranges from a few random inputs; `format_name` is QDQ or QOperator."""
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static

    quantize_static(
        source,
        out,
        _reader(source),
        quant_format=QuantFormat[format_name],
        per_channel=per_channel,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
    )


def four_bits(source: Path, out: Path, symmetric: bool = True) -> None:
    """Weights of matrix products in blocks of 32 numbers of four bits (MatMulNBits)."""
    from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

    quantizer = MatMulNBitsQuantizer(str(source), block_size=32, is_symmetric=symmetric, accuracy_level=4)
    quantizer.process()
    quantizer.model.save_model_to_file(str(out))


def halved(source: Path, out: Path) -> None:
    """In float16 with float32 inputs and outputs."""
    import onnx
    from onnxruntime.transformers.float16 import convert_float_to_float16

    onnx.save(convert_float_to_float16(onnx.load(source), keep_io_types=True), out)


def _reader(source: Path) -> Any:
    from onnxruntime.quantization import CalibrationDataReader

    from onnxprune.runtime import input_specs, random_inputs, session

    specs = input_specs(session(source))

    def draws() -> Iterator[dict[str, np.ndarray[Any, Any]]]:
        for seed in range(SAMPLES):
            yield random_inputs(specs, seed=seed)

    class Reader(CalibrationDataReader):
        def __init__(self) -> None:
            self.left = draws()

        def get_next(self) -> dict[str, np.ndarray[Any, Any]] | None:
            return next(self.left, None)

    return Reader()
