"""Looking at solved terms."""

import numpy as np

from onnxprune.coupling.masks import Keep
from onnxprune.coupling.terms import Term, leaves, show


def sizes(term: Term) -> str:
    return show(term, lambda a: str(a.size))


def locks(term: Term) -> list[str]:
    return [cause.text for leaf in leaves(term) for cause in leaf.locked]


def agree(a: Term, b: Term, seed: int = 0) -> bool:
    """Whether both sides have the same mask, whatever goes of their unlocked atoms."""
    rng = np.random.default_rng(seed)
    free = {leaf for leaf in (*leaves(a), *leaves(b)) if not leaf.locked and leaf.size}
    keep = Keep({leaf: rng.random(leaf.size or 0) < 0.6 for leaf in sorted(free, key=lambda x: x.serial)})
    return keep.mask(a).tolist() == keep.mask(b).tolist()
