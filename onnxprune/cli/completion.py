"""What a shell offers behind options whose values are known. Heavy imports wait until somebody presses Tab."""

from __future__ import annotations

from collections.abc import Iterable

Offered = list[tuple[str, str]]
"""Values, and what they are."""

TARGETS = (
    ("macs=", "multiply-accumulates"),
    ("params=", "stored parameters"),
    ("size=", "bytes of the file"),
    ("latency=", "time on this machine"),
)


def criteria(incomplete: str) -> Offered:
    """Criteria with what they measure."""
    from onnxprune.criteria import criteria as known

    return _starting(incomplete, ((entry.name, entry.summary) for entry in known()))


def aggregates(incomplete: str) -> Offered:
    """Ways to put together what the members of a group say."""
    from onnxprune.criteria import AGGREGATES

    return _starting(incomplete, ((name, "") for name in AGGREGATES))


def budgets(incomplete: str) -> Offered:
    """Budgets with how they share out."""
    from onnxprune.budget import budgets as known

    return _starting(incomplete, ((entry.name, entry.summary) for entry in known()))


def repairs(incomplete: str) -> Offered:
    """Repairs with what they do."""
    from onnxprune.repair import repairs as known

    return _starting(incomplete, ((entry.name, entry.summary) for entry in known()))


MODES = (
    ("full", "all weights"),
    ("perp", "biases, normalisations, low-rank changes of matrices"),
    ("lora", "low-rank changes of matrices"),
)


def modes(incomplete: str) -> Offered:
    """What a recovery may train."""
    return _starting(incomplete, MODES)


def sparse_formats(incomplete: str) -> Offered:
    """How sparse weights may be written."""
    known = (("zeros", "any runtime"), ("op", "SparseMatMul, for the plug-in"), ("initializer", "sparse_initializer"))
    return _starting(incomplete, known)


def mask_methods(incomplete: str) -> Offered:
    """Ways to train masks."""
    from onnxprune.recovery.masks import METHODS

    return _starting(incomplete, ((name, method.summary) for name, method in METHODS.items()))


def losses(incomplete: str) -> Offered:
    """What outputs may be compared by."""
    known = (("kl", "distributions over classes"), ("mse", "squared differences"), ("cosine", "directions"))
    return _starting(incomplete, known)


def changes(incomplete: str) -> Offered:
    """What may be done to pictures; several by commas."""
    before, comma, last = incomplete.rpartition(",")
    known = (("flip", "left and right"), ("shift", "by some pixels"), ("mix", "two of them"))
    return [(before + comma + name, what) for name, what in _starting(last, known)]


def exporters(incomplete: str) -> Offered:
    """What writes ONNX from torch."""
    return _starting(incomplete, (("dynamo", "torch.export"), ("torchscript", "tracing")))


def sources(incomplete: str) -> Offered:
    """What a spec of an export may begin with."""
    known = (
        ("torch:", "a factory in a file or module"),
        ("torchvision:", "a model of torchvision"),
        ("timm:", "a model of timm"),
        ("transformers:", "a model type or a folder"),
    )
    return _starting(incomplete, known)


def devices(incomplete: str) -> Offered:
    """Where a recovery may train."""
    return _starting(incomplete, (("cpu", ""), ("cuda", "")))


def passes(incomplete: str) -> Offered:
    """Passes with what they remove."""
    from onnxprune.pruning import available
    from onnxprune.words import first_line

    known = ((name, first_line(kind)) for name, kind in available().items())
    return _starting(incomplete, known)


def targets(incomplete: str) -> Offered:
    """The quantities of a target, to be followed by a fraction."""
    return _starting(incomplete, TARGETS)


def limits(incomplete: str) -> Offered:
    """Keys of gate.toml, to be followed by a value."""
    from onnxprune.gate.keys import TABLES

    keys = ((f"{name}.{key}=", entry.meaning) for name, table in TABLES.items() for key, entry in table.keys.items())
    return _starting(incomplete, keys)


def providers(incomplete: str) -> Offered:
    """Where the installed ONNX Runtime can compute."""
    from onnxprune.runtime import available_providers

    return _starting(incomplete, ((name, "") for name in available_providers()))


def _starting(start: str, known: Iterable[tuple[str, str]]) -> Offered:
    return [entry for entry in known if entry[0].startswith(start)]
