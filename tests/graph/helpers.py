"""Models in ONNX text, and what a trip through the graph room makes of them."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
import onnx.parser
import onnxruntime as ort
from onnx import ModelProto, helper, numpy_helper

from onnxprune.graph import Model, finish, from_proto, load, normalize, save
from onnxprune.runtime import run, runnable_inputs, session, session_options

Arrays = Mapping[str, np.ndarray]


def model(text: str, opset: int = 18, ir: int = 8, **domains: int) -> ModelProto:
    """A model from ONNX text; text that begins with `<` has its own header."""
    imports = ", ".join(f'"{d}": {v}' for d, v in {"": opset, **domains}.items())
    header = "" if text.lstrip().startswith("<") else f"<ir_version: {ir}, opset_import: [{imports}]>\n"
    return onnx.parser.parse_model(header + text)


def with_weights(proto: ModelProto, **weights: np.ndarray) -> ModelProto:
    """The model with stored tensors, raw as exporters write them."""
    proto.graph.initializer.extend(numpy_helper.from_array(values, name) for name, values in weights.items())
    return proto


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def normalized(source: str | ModelProto, opset: int = 18) -> Model:
    """A normalised Model."""
    return normalize(from_proto(model(source, opset) if isinstance(source, str) else source))


def round_trip(proto: ModelProto, folder: Path) -> ModelProto:
    """What comes out of load, normalise, finish and save; it must run the same and not be larger."""
    source, saved = folder / "source.onnx", folder / "saved.onnx"
    source.write_bytes(proto.SerializeToString())
    save(finish(normalize(load(source))), saved)
    onnx.checker.check_model(saved, full_check=True)
    assert_same(source, saved)
    assert saved.stat().st_size <= source.stat().st_size
    return onnx.load(saved)


def assert_same(source: Path, saved: Path, feeds: Arrays | None = None) -> None:
    """Both files have the same outputs, bit by bit, in ONNX Runtime."""
    dense = session(source, optimize=False)
    feeds = runnable_inputs(dense) if feeds is None else feeds
    expected, actual = run(dense, feeds), run(session(saved, optimize=False), feeds)
    assert expected.keys() == actual.keys()
    for name, values in expected.items():
        assert values.shape == actual[name].shape
        assert values.tobytes() == actual[name].tobytes()


def laid_out(proto: ModelProto, folder: Path) -> Path:
    """The model as ONNX Runtime saves it at the level "all": in blocks of channels for the processor at hand."""
    options, saved = session_options(), folder / "laid_out.onnx"
    options.optimized_model_filepath = str(saved)
    ort.InferenceSession(proto.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return saved


def in_blocks(plain: np.ndarray, block: int, inputs: bool) -> np.ndarray:
    """A weight [O, I, H, W] in blocks of channels, filled up with zeros: put together as a kernel reads it."""
    o, i, h, w = plain.shape
    step = block if inputs else 1
    filled = np.zeros((-(-o // block) * block, -(-i // step) * step, h, w), np.float32)
    filled[:o, :i] = plain
    made = []
    for first in range(0, filled.shape[0], block):
        for second in range(0, filled.shape[1], step):
            for y in range(h):
                for x in range(w):
                    made += [filled[first : first + block, second + k, y, x] for k in range(step)]
    return np.concatenate(made).reshape(filled.shape)


def ops(found: Model | ModelProto) -> list[str]:
    """Op types of the outermost graph, in order."""
    return [n.op_type for n in found.graph.node] if isinstance(found, ModelProto) else [n.op for n in found.graph.nodes]


def stored_names(proto: ModelProto) -> set[str]:
    return {t.name for t in proto.graph.initializer}


def make_opsets(**versions: int) -> list[onnx.OperatorSetIdProto]:
    return [helper.make_opsetid(domain, version) for domain, version in versions.items()]
