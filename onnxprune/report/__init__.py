"""Reports: report.json is the source of truth, all else is a view of it."""

from onnxprune.report.build import command, summarize
from onnxprune.report.comparison import Comparison, compare
from onnxprune.report.explaining import explain
from onnxprune.report.folder import claimed, write
from onnxprune.report.html import html
from onnxprune.report.inside import detailed
from onnxprune.report.markdown import markdown
from onnxprune.report.model import Opened, opened
from onnxprune.report.record import Report, to_json
from onnxprune.report.schema import schema
from onnxprune.report.survey import Survey, analyze, survey
from onnxprune.report.timing import Benched, bench
from onnxprune.report.zeros import ZeroSurvey, zeros

__all__ = [
    "Benched",
    "Comparison",
    "Opened",
    "Report",
    "Survey",
    "ZeroSurvey",
    "analyze",
    "bench",
    "claimed",
    "command",
    "compare",
    "detailed",
    "explain",
    "html",
    "markdown",
    "opened",
    "schema",
    "summarize",
    "survey",
    "to_json",
    "write",
    "zeros",
]
