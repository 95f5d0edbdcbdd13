"""A model file's axes explained."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from onnxprune.coupling.explanation import Explanation, explanation
from onnxprune.coupling.sites import locate
from onnxprune.report.model import opened


def explain(
    model: Path | str, site: str, other: str | None = None, *, dims: Mapping[str, int] | None = None
) -> Explanation:
    """Tell what a weight is coupled to; of two, through which nodes they are coupled, or where they meet if not.

    site, other: a tensor, `TENSOR[AXIS]`, `TENSOR[AXIS][FIRST:END]`, a node's name, or a group's id
    dims: lengths of open dimensions, by symbol

    Raises InputError for a file that is no usable model, and for a name that isn't in it, with names that are close.
    """
    found = opened(model, dims)
    places = [locate(found.analysis, name, found.copies) for name in (site, other) if name is not None]
    return explanation(found.analysis, *places)
