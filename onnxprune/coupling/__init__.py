"""The analyzer: which axes of which tensors must lose units together."""

from onnxprune.coupling.analysis import Analysis, Group, Site, analyze, notation
from onnxprune.coupling.rule import Fenced, NodeView, find, refuse, refuse_domain, refused_domains, rule, rules, state
from onnxprune.coupling.spec import Length, Spec

__all__ = [
    "Analysis",
    "Fenced",
    "Group",
    "Length",
    "NodeView",
    "Site",
    "Spec",
    "analyze",
    "find",
    "notation",
    "refuse",
    "refuse_domain",
    "refused_domains",
    "rule",
    "rules",
    "state",
]
