"""Directories of models, as optimum and the hub know them: in and out as a whole."""

from onnxprune.directory.data import data_of
from onnxprune.directory.models import label, models_of, the_model
from onnxprune.directory.note import note, warnings
from onnxprune.directory.optimize import optimize_directory
from onnxprune.directory.pairs import pairs
from onnxprune.directory.place import beside, check_report
from onnxprune.directory.reports import reports, write_reports
from onnxprune.directory.result import DirectoryResult

__all__ = [
    "DirectoryResult",
    "beside",
    "check_report",
    "data_of",
    "label",
    "models_of",
    "note",
    "optimize_directory",
    "pairs",
    "reports",
    "the_model",
    "warnings",
    "write_reports",
]
