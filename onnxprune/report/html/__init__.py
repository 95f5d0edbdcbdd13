"""report.html: the report as one file that needs no network."""

from onnxprune.report.html.page import html

__all__ = ["html"]
