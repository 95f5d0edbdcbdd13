"""ONNX Runtime: sessions, inputs, latency, memory and fidelity."""

from onnxprune.runtime import plugin
from onnxprune.runtime.axes import CANDIDATES, InputSpec, Sizes
from onnxprune.runtime.bench import BenchResult, Ratio, bench, bootstrap_ratio
from onnxprune.runtime.bound import bound
from onnxprune.runtime.deviation import OutputFidelity
from onnxprune.runtime.dims import concrete_shapes
from onnxprune.runtime.fidelity import Fidelity, FidelityMeter, compare_models, fidelity
from onnxprune.runtime.files import file_size
from onnxprune.runtime.inputs import common_specs, input_specs, random_inputs
from onnxprune.runtime.interleave import Call, Clocks, Effort, Samples, interleave
from onnxprune.runtime.memory import peak_memory
from onnxprune.runtime.node_times import NodeTime, Patience, time_beside
from onnxprune.runtime.plain import PlainFile
from onnxprune.runtime.profile import OpTime, by_op, profile_ops
from onnxprune.runtime.run import Array, Feeds, prepare, run
from onnxprune.runtime.runnable import runnable_inputs
from onnxprune.runtime.session import available_providers, check_provider, session, session_options

__all__ = [
    "CANDIDATES",
    "Array",
    "BenchResult",
    "Call",
    "Clocks",
    "Effort",
    "Feeds",
    "Fidelity",
    "FidelityMeter",
    "InputSpec",
    "NodeTime",
    "OpTime",
    "OutputFidelity",
    "Patience",
    "PlainFile",
    "Ratio",
    "Samples",
    "Sizes",
    "available_providers",
    "bench",
    "bootstrap_ratio",
    "bound",
    "by_op",
    "check_provider",
    "common_specs",
    "compare_models",
    "concrete_shapes",
    "fidelity",
    "file_size",
    "input_specs",
    "interleave",
    "peak_memory",
    "plugin",
    "prepare",
    "profile_ops",
    "random_inputs",
    "run",
    "runnable_inputs",
    "session",
    "session_options",
    "time_beside",
]
