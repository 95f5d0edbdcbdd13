"""Grids, crops and patches."""

import math

from onnxprune.coupling.ops.pointwise import axis_letters
from onnxprune.coupling.rule import Fenced, NodeView, rule
from onnxprune.coupling.spec import Spec


@rule("AffineGrid")
def affine_grid(node: NodeView) -> Spec:
    """A grid of positions for every matrix; the operand has the size of an image, [n, c, space]."""
    entries = node.shape(1)[0]
    if entries is None:
        raise Fenced("AffineGrid of an image of unknown rank")
    space = [f"s{k}" for k in range(entries - 2)]
    locked = dict.fromkeys(["n", "p", "q", "d", *space], "a matrix that makes a grid of positions")
    return Spec(f"n p q, _ -> n {' '.join(space)} d", locked=locked)


@rule("CenterCropPad")
def center_crop_pad(node: NodeView) -> Spec:
    """Axes that keep their length pass; cut and padded ones don't."""
    rank = node.rank()
    axes = [node.axis(int(a)) for a in node.attr("axes", range(rank))]
    made = node.out_shape()
    moved = [a for a in axes if node.shape(0)[a] is None or node.shape(0)[a] != made[a]]
    after = " ".join(f"b{a}" if a in moved else f"a{a}" for a in range(rank))
    names = [None if a in moved else f"a{a}" for a in axes]
    locked = {f"{side}{a}": "cropped or padded around its centre" for a in moved for side in "ab"}
    lengths = node.lengths(1, "", names)
    return Spec(f"{axis_letters(rank)}, _ -> {after}", locked=locked | node.computed(1, names), lengths=lengths)


@rule("Col2Im")
def col_to_im(node: NodeView) -> Spec:
    """Positions of the block are the minor part of the channel axis, and are added up in space."""
    block = node.ints(2)
    if block is None:
        raise Fenced("Col2Im without a block")
    space = " ".join(f"s{k}" for k in range(len(block)))
    why = "positions of a block that Col2Im puts into space"
    locked = dict.fromkeys(["k", "l", *space.split()], why)
    return Spec(f"n (c k) l, _, _ -> n c {space}", sizes={"k": math.prod(block)}, locked=locked)


@rule("Det")
def determinant(node: NodeView) -> Spec:
    """Batch axes pass."""
    return Spec("... m n -> ...", locked=dict.fromkeys("mn", "the matrix of a determinant"))
