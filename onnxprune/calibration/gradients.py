"""Gradients of a model's loss on data, as criteria ask for them: by stored tensors, and by gates."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from onnxprune.runtime import Array

Arrays = Mapping[str, Array]


class Gradients:
    """Everything by name, collected when it is first asked for.

    Of stored tensors, each of a tensor's shape: `mean` over samples of the gradient, `square` of its squares, `fisher`
    of the squares where labels are drawn from what the model says, `curvature` the diagonal of the Hessian, `regional`
    the root of the mean square of the gradient of the norm of what the block around makes. Of gates by group id, each
    [samples, units]: `gates`, `gates_fisher` with drawn labels, and `gates_relevance`, by layer-wise propagation.

    collect: makes all that one kind of run tells, by what it is and its name. Raises InputError where it can't be made.
    """

    KINDS: Mapping[str, str] = {
        "mean": "weights",
        "square": "weights",
        "fisher": "fisher",
        "curvature": "curvature",
        "regional": "regional",
        "gates": "gates",
        "gates_fisher": "gates_fisher",
        "gates_relevance": "gates_relevance",
    }
    """What is asked for, and the run that tells it."""

    def __init__(self, collect: Callable[[str], Mapping[tuple[str, str], Array]]) -> None:
        self._collect = collect
        self._known: dict[str, dict[str, Array]] = {}

    def __call__(self, what: str) -> Arrays:
        """One of `KINDS` by the name of a tensor, or the id of a group."""
        if what not in self._known:
            for (kind, name), values in self._collect(self.KINDS[what]).items():
                self._known.setdefault(kind, {})[name] = values
            self._known.setdefault(what, {})
        return self._known[what]

    def release(self) -> None:
        """Let go of everything; it is made anew where it is needed."""
        self._known = {}
