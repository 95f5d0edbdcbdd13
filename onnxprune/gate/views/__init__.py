"""What a check found, in the forms that pipelines read."""

from onnxprune.gate.views.github import commands, summarise
from onnxprune.gate.views.markdown import markdown
from onnxprune.gate.views.outputs import FORMS, claim, write

__all__ = ["FORMS", "claim", "commands", "markdown", "summarise", "write"]
