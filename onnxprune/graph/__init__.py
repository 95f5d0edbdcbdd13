"""The only room that knows protobuf: loading, normalising and saving models."""

from onnxprune.graph.assemble import skeleton, to_proto
from onnxprune.graph.bounds import index_bounds
from onnxprune.graph.data_files import data_files_of
from onnxprune.graph.finish import finish
from onnxprune.graph.io import from_bytes, from_proto, load
from onnxprune.graph.model import Model, all_stored, graphs, stored
from onnxprune.graph.normalize import normalize
from onnxprune.graph.publish import publish
from onnxprune.graph.save import save
from onnxprune.graph.scratch import scratch_folder
from onnxprune.graph.shapes import concrete, infer

__all__ = [
    "Model",
    "all_stored",
    "concrete",
    "data_files_of",
    "finish",
    "from_bytes",
    "from_proto",
    "graphs",
    "index_bounds",
    "infer",
    "load",
    "normalize",
    "publish",
    "save",
    "scratch_folder",
    "skeleton",
    "stored",
    "to_proto",
]
