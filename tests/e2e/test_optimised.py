"""Models as ONNX Runtime's optimiser and quantiser write them: pruned to half their MACs, and proved."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from onnx import numpy_helper

from onnxprune.export import export
from onnxprune.pruning import Options, Target, optimize

TEXT = {"hidden_size": "64", "num_hidden_layers": "2", "num_attention_heads": "4", "vocab_size": "99", "seq": "12"}
IMAGE = {
    "hidden_size": "64",
    "num_hidden_layers": "2",
    "num_attention_heads": "4",
    "image_size": "32",
    "patch_size": "8",
}
MLP = {"intermediate_size": "128"}
SOURCES = {
    "bert": ("transformers:bert", TEXT | MLP),
    "gpt2": ("transformers:gpt2", TEXT | {"task": "causal-lm"}),
    "vit": ("transformers:vit", IMAGE | MLP),
    "resnet": ("torchvision:resnet18", {"input": "1x3x32x32", "num_classes": "10"}),
    "llama": ("transformers:llama", TEXT | MLP | {"num_key_value_heads": "2", "task": "causal-lm"}),
}


@pytest.fixture(scope="module")
def dense(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    """The exported models, every bias a tensor of its own with numbers in it, as training makes them."""
    folder = tmp_path_factory.mktemp("dense")
    threads, level = torch.get_num_threads(), logging.root.manager.disable
    torch.set_num_threads(1)
    logging.disable(logging.WARNING)  # ONNX Runtime's tools give advice
    try:
        made = {}
        for name, (spec, options) in SOURCES.items():
            made[name] = folder / f"{name}.onnx"
            export(spec, made[name], options=options, exporter="torchscript", dynamic=False)
            _fill_biases(made[name])
        yield made
    finally:
        torch.set_num_threads(threads)
        logging.disable(level)


def _fill_biases(path: Path) -> None:
    proto, rng = onnx.load(path), np.random.default_rng(0)
    vectors = {t.name: t for t in proto.graph.initializer if len(t.dims) == 1 and t.data_type == onnx.TensorProto.FLOAT}
    same = {n.output[0]: n.input[0] for n in proto.graph.node if n.op_type == "Identity" and n.input[0] in vectors}
    for node in proto.graph.node:
        for i, name in enumerate(same.get(name, name) for name in node.input):
            if name in vectors and not numpy_helper.to_array(vectors[name]).any():
                node.input[i] = f"{name}/{node.output[0]}"
                values = 0.1 * rng.standard_normal(vectors[name].dims[0], np.float32)
                proto.graph.initializer.append(numpy_helper.from_array(values, node.input[i]))
    read = {name for node in proto.graph.node for name in node.input}
    for tensor in [t for t in proto.graph.initializer if t.name not in read]:
        proto.graph.initializer.remove(tensor)
    onnx.save(proto, path)


def _extended(source: Path, made: Path) -> None:
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(made)
    options.log_severity_level = 3
    ort.InferenceSession(str(source), options, providers=["CPUExecutionProvider"])


def _fused(source: Path, made: Path) -> None:
    from onnxruntime.transformers import optimizer

    kind = {"bert": "bert", "vit": "vit"}.get(source.stem, "gpt2")
    optimizer.optimize_model(str(source), kind, num_heads=4, hidden_size=64, opt_level=0).save_model_to_file(str(made))


def _dynamic(source: Path, made: Path) -> None:
    from onnxruntime.quantization import quantize_dynamic

    quantize_dynamic(source, made)


class _Reader:
    """Two random inputs to calibrate with."""

    def __init__(self, source: Path) -> None:
        self.inputs = ort.InferenceSession(str(source)).get_inputs()
        self.left = 2

    def get_next(self) -> dict[str, np.ndarray] | None:
        if not self.left:
            return None
        self.left -= 1
        rng = np.random.default_rng(self.left)
        return {i.name: _drawn(rng, i) for i in self.inputs}


def _drawn(rng: np.random.Generator, value: ort.NodeArg) -> np.ndarray:
    floats = value.type == "tensor(float)"
    return rng.standard_normal(value.shape).astype(np.float32) if floats else rng.integers(0, 2, value.shape)


def _qdq(source: Path, made: Path) -> None:
    from onnxruntime.quantization import QuantFormat, quantize_static

    quantize_static(source, made, _Reader(source), quant_format=QuantFormat.QDQ, per_channel=True)


def _qoperator(source: Path, made: Path) -> None:
    from onnxruntime.quantization import QuantFormat, quantize_static

    quantize_static(source, made, _Reader(source), quant_format=QuantFormat.QOperator, per_channel=True)


def _four_bits(source: Path, made: Path) -> None:
    from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

    quantiser = MatMulNBitsQuantizer(onnx.load(source), bits=4, block_size=16, is_symmetric=True)
    quantiser.process()
    quantiser.model.save_model_to_file(str(made))


WAYS = {
    "extended": _extended,
    "fused": _fused,
    "dynamic": _dynamic,
    "qdq": _qdq,
    "qoperator": _qoperator,
    "four bits": _four_bits,
}

FORMS = [
    ("bert", ["extended"], "SkipLayerNormalization"),
    ("gpt2", ["extended"], "FusedMatMul"),
    ("vit", ["fused"], "BiasGelu"),
    ("resnet", ["extended"], "FusedConv"),
    ("llama", ["extended"], "QuickGelu"),
    ("llama", ["fused"], "SkipSimplifiedLayerNormalization"),
    ("bert", ["dynamic"], "MatMulInteger"),
    ("bert", ["dynamic", "extended"], "DynamicQuantizeMatMul"),
    ("vit", ["qdq"], "DequantizeLinear"),
    ("resnet", ["qdq", "extended"], "QLinearConv"),
    ("resnet", ["qoperator"], "QLinearConv"),
    ("vit", ["qoperator"], "QLinearMatMul"),
    ("llama", ["four bits"], "MatMulNBits"),
]


@pytest.mark.parametrize(("name", "ways", "op"), FORMS, ids=lambda v: "+".join(v) if isinstance(v, list) else None)
def test_half_the_macs(dense: dict[str, Path], tmp_path: Path, name: str, ways: list[str], op: str) -> None:
    source = dense[name]
    for way in ways:
        source, before = tmp_path / f"{way}.onnx", source
        WAYS[way](before, source)
    proto = onnx.load(source)
    assert op in {node.op_type for node in proto.graph.node}
    proto.graph.ClearField("value_info")
    onnx.save(proto, source)
    result = optimize(source, tmp_path / "pruned.onnx", Options(target=Target("macs", 0.5), bench=False))
    assert result.met, (result.fraction, result.locked[:3])
    assert result.fraction > 0.4
    assert result.proof.ok, result.proof
    assert not result.unknown
    assert (tmp_path / "pruned.onnx").stat().st_size < source.stat().st_size
