"""Widths that ONNX Runtime's kernels like.

The blocked convolutions of the CPU provider compute outputs in blocks of 16 channels, and a convolution whose input
channels are no multiple of 4 falls back to a path that is slower than the unpruned model. Matrix products have no such
cliff, but prefer multiples of 16 a little.
"""

from __future__ import annotations

import math

from onnxprune.coupling import Group
from onnxprune.coupling.terms import Atom, Product, Term, factors, resolve, segments

BLOCK = 16
WIDE = 512
"""Groups of so many units lose nothing by steps of two blocks, and kernels take two at a time."""
FALLBACKS = (16, 8, 4, 1)
"""Blocks to try in turn, where the target can't be met at the wider ones."""
SLOW = 4
"""Widths that are multiples of less fall off the kernels' fast path: only what can't be met otherwise is worth that."""


def best_step(group: Group, block: int = BLOCK) -> int:
    """The number of units that keeps every axis of the group a multiple of the kernels' block.

    Units that already span a block go one by one. Channels inside the groups of a grouped convolution must fill blocks
    of their own. A group of one block or less has a step of its whole width: it
    would leave the blocked kernels, so nothing goes.
    """
    if "inner" in group.roles:
        return block
    widest = max((_weight(site.term, group.atom) for site in group.members), default=1)
    blocks = 2 if block == BLOCK and group.size >= WIDE else 1
    return max(1, blocks * block // math.gcd(block, widest))


def _weight(term: Term, atom: Atom) -> int:
    """How many indices of the axis one unit stands for, where the axis is a plain product; 1 elsewhere."""
    for part in segments(term):
        part = resolve(part)
        if isinstance(part, Product) and any(f is atom for f in factors(part)):
            return (part.size or 1) // (atom.size or 1)
    return 1
