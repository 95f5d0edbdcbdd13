"""How many channels a block has: the smallest model that an optimiser lays out in blocks tells."""

from __future__ import annotations

import onnx.parser

from onnxprune.graph.blocked_nodes import BLOCKED_DOMAIN
from onnxprune.graph.model import Model

_TEXT = """<ir_version: 8, opset_import: ["": 13]>
probe (float[1,1,1,1] x) => (float[1,1,1,1] y) <float[1,1,1,1] w = {1}> { y = Conv <kernel_shape = [1,1]> (x, w) }"""


def one_convolution() -> bytes:
    """A serialized model with one convolution, from one channel to one."""
    data: bytes = onnx.parser.parse_model(_TEXT).SerializeToString()
    return data


def block_of(optimised: Model) -> int:
    """Channels of a block, from what an optimiser made of that model; 0 where it laid out nothing."""
    found = [
        node.inputs[1].shape[0] for node in optimised.graph.nodes if node.domain == BLOCKED_DOMAIN and node.op == "Conv"
    ]
    return int(found[0]) if found else 0
