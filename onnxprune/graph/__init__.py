"""The only room that knows protobuf: loading, normalising and saving models."""

from onnxprune.graph.assemble import skeleton, to_proto
from onnxprune.graph.blocked_nodes import has_blocks
from onnxprune.graph.blocked_probe import block_of, one_convolution
from onnxprune.graph.blocked_weights import Unclear
from onnxprune.graph.bounds import index_bounds
from onnxprune.graph.data_files import data_files_of
from onnxprune.graph.finish import finish
from onnxprune.graph.inputs import add_inputs
from onnxprune.graph.io import from_bytes, from_proto, load
from onnxprune.graph.linear_model import Linear, linear_model
from onnxprune.graph.model import Model, all_stored, graphs, stored
from onnxprune.graph.normalize import normalize
from onnxprune.graph.packed import Packed, pack, pack_groups, unpack
from onnxprune.graph.part import save_part
from onnxprune.graph.parts import Parts
from onnxprune.graph.publish import name_data, publish
from onnxprune.graph.save import save
from onnxprune.graph.scratch import scratch_folder
from onnxprune.graph.shapes import concrete, infer
from onnxprune.graph.sparse_matmul import ACTIVATIONS, is_sparse_matmul, packed_of, sparse_matmul, use_domain
from onnxprune.graph.spelled_out import spell_out
from onnxprune.graph.swap import put_folder
from onnxprune.graph.unblock import unblock

__all__ = [
    "ACTIVATIONS",
    "Linear",
    "Model",
    "Packed",
    "Parts",
    "Unclear",
    "add_inputs",
    "all_stored",
    "block_of",
    "concrete",
    "data_files_of",
    "finish",
    "from_bytes",
    "from_proto",
    "graphs",
    "has_blocks",
    "index_bounds",
    "infer",
    "is_sparse_matmul",
    "linear_model",
    "load",
    "name_data",
    "normalize",
    "one_convolution",
    "pack",
    "pack_groups",
    "packed_of",
    "publish",
    "put_folder",
    "save",
    "save_part",
    "scratch_folder",
    "skeleton",
    "sparse_matmul",
    "spell_out",
    "stored",
    "to_proto",
    "unblock",
    "unpack",
    "use_domain",
]
