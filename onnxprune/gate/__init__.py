"""Gates: a model may not get worse than a recorded baseline."""

from onnxprune.gate.asserting import UndecidedGate, assert_onnx_gate
from onnxprune.gate.baseline import Baseline, read, record
from onnxprune.gate.check import check
from onnxprune.gate.evidence import Question, State
from onnxprune.gate.figures import Conditions, Figures
from onnxprune.gate.finding import Checked, Finding
from onnxprune.gate.latency import Timed
from onnxprune.gate.limits import Limits
from onnxprune.gate.schema import schema
from onnxprune.gate.settings import settings

__all__ = [
    "Baseline",
    "Checked",
    "Conditions",
    "Figures",
    "Finding",
    "Limits",
    "Question",
    "State",
    "Timed",
    "UndecidedGate",
    "assert_onnx_gate",
    "check",
    "read",
    "record",
    "schema",
    "settings",
]
