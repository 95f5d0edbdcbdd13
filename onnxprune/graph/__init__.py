"""The only room that knows protobuf: loading, normalising and saving models."""

from onnxprune.graph.bounds import index_bounds
from onnxprune.graph.io import Model, from_proto, load
from onnxprune.graph.normalize import finish, graphs, normalize
from onnxprune.graph.publish import publish
from onnxprune.graph.save import all_stored, data_files_of, save, skeleton, stored, to_proto
from onnxprune.graph.shapes import concrete, infer

__all__ = [
    "Model",
    "all_stored",
    "concrete",
    "data_files_of",
    "finish",
    "from_proto",
    "graphs",
    "index_bounds",
    "infer",
    "load",
    "normalize",
    "publish",
    "save",
    "skeleton",
    "stored",
    "to_proto",
]
