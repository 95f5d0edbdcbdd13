"""Convolution, pooling and what moves between channels and space.

Channels are `(g i)` on the way in and `(g o)` on the way out; a depthwise convolution is g = C, i = o = 1.
"""

import numpy as np

from onnxprune.coupling.rule import Fenced, NodeView, rule, state
from onnxprune.coupling.spec import Length, Spec

GROUP = (Length("group", ("g",)),)
INNER = {"i": "inner", "o": "inner"}  # channels inside a group of a grouped convolution


def convolution(node: NodeView, text: str, *, macs: str = "output", kernel: int = 1) -> Spec:
    """A convolution's rule, with or without groups; a unit of `g` is a whole group.

    text: in which {x} and {y} are the channels of the input and of the output, {i} and {o} those inside a group;
    kernel: the operand that has the spatial axes of the kernel
    """
    group = int(node.attr("group", 1))
    if group == 1:
        return Spec(text.format(x="i", i="i", o="o", y="o"), macs=macs, kernel=kernel)
    text = text.format(x="(g i)", i="i", o="o", y="(g o)")
    return Spec(text, sizes={"g": group}, roles=INNER, lengths=GROUP, macs=macs, kernel=kernel)


@rule("Conv")
def conv(node: NodeView) -> Spec:
    """Spatial axes are opaque; a unit of `g` is a whole group."""
    return convolution(node, "n {x} *, {y} {i} *, {y} -> n {y} *")


@rule("ConvTranspose")
def conv_transpose(node: NodeView) -> Spec:
    """The weight is stored input-major: [C, M/group, kernel]."""
    return convolution(node, "n {x} *, {x} {o} *, {y} -> n {y} *", macs="input")


state(
    "n c *, c 1 *, c, n c * -> n c *, n c *",
    "CausalConvWithState",
    macs="output",
)


@rule("DeformConv")
def deform_conv(node: NodeView) -> Spec:
    """Offsets and masks are per kernel position and offset group `f`, each of which moves a run of channels."""
    group, offsets = int(node.attr("group", 1)), int(node.attr("offset_group", 1))
    if group > 1 and offsets > 1:
        raise Fenced("deformable convolution with groups of channels and groups of offsets")
    if offsets == 1:
        return convolution(node, "n {x} *, {y} {i} *, n *, {y}, n * -> n {y} *")
    masked = node.given(4)
    locked = dict.fromkeys("km" if masked else "k", "positions of a kernel")
    text = f"n (f i) *, o (f i) *, n (f k) *, o, {'n (f m) *' if masked else '_'} -> n o *"
    lengths = (Length("offset_group", ("f",)),)
    return Spec(text, sizes={"f": offsets}, locked=locked, lengths=lengths, macs="output")


state("n c * -> n c *", "AveragePool", "LpPool", "GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool")
state("n c ... -> n c ...", "LRN", locked={"c": "normalised across neighbouring channels"})


@rule("MaxPool")
def max_pool(node: NodeView) -> Spec:
    """Positions count through the whole tensor: nobody but MaxUnpool may read them if a channel is to go."""
    locked: dict[str, str] = {}
    if node.outputs > 1 and not node.node.outputs[1].is_empty():
        readers = node.readers(1)
        if readers is None or any(reader.op != "MaxUnpool" for reader in readers):
            locked = dict.fromkeys("nc", "counted through by the positions of MaxPool")
    return Spec("n c * -> n c *, n c *", locked=locked)


@rule("MaxUnpool")
def max_unpool(node: NodeView) -> Spec:
    """Puts values back to where a MaxPool took them from; the output's shape may be given."""
    if not node.given(2):
        return Spec("n c *, n c * -> n c *")
    names = ["n", "c", *[None] * (node.rank() - 2)]
    return Spec("n c *, n c *, _ -> n c *", lengths=node.lengths(2, "", names), locked=node.computed(2, names))


@rule("GridSample")
def grid_sample(node: NodeView) -> Spec:
    """Channels are sampled alike; the grid's axes are positions."""
    return Spec("n c *, n * -> n c *")


@rule("RoiAlign", "MaxRoiPool")
def roi(node: NodeView) -> Spec:
    """Every region becomes a batch entry; channels pass."""
    why = "picked from by regions"
    return Spec("n c *, r *, r -> r c *", locked={"n": why, "r": why})


@rule("Resize", "Upsample")
def resize(node: NodeView) -> Spec:
    """Axes that are not resized pass; a `sizes` operand holds their lengths too."""
    rank = node.rank()
    axes = [node.axis(int(a)) for a in node.attr("axes", range(rank))]
    moved = [a for a in axes if not _kept(node, axes.index(a), a)]
    before = " ".join("1" if a in moved and node.shape(0)[a] == 1 else f"a{a}" for a in range(rank))
    after = " ".join(f"b{a}" if a in moved else f"a{a}" for a in range(rank))
    locked = {f"{side}{a}": "resampled along" for a in moved for side in "ab"}
    names = [None if a in moved else f"a{a}" for a in axes]
    lengths = node.lengths(3, "", names) if node.given(3) else ()
    locked |= node.computed(3, names)
    return Spec(f"{before}, _, _, _ -> {after}", locked=locked, lengths=lengths)


def _kept(node: NodeView, entry: int, axis: int) -> bool:
    """Whether an axis passes as it is."""
    if node.attr("coordinate_transformation_mode") == "tf_crop_and_resize":
        return _roi(node, entry)
    size, made = node.shape(0)[axis], node.out_shape()[axis]
    scales = node.attr("scales") if node.value(2) is None and node.inputs < 2 else _scales(node)
    if scales is not None and len(scales):
        return float(scales[entry]) == 1.0
    return size is not None and size == made


def _roi(node: NodeView, entry: int) -> bool:
    """Whether the region of interest is the whole of an axis."""
    region = node.value(1)
    count = len(region) // 2 if region is not None else 0
    return region is not None and (float(region[entry]), float(region[count + entry])) == (0.0, 1.0)


def _scales(node: NodeView) -> np.ndarray | None:
    """The scales operand: input 2 since opset 11, input 1 before and in Upsample."""
    for i in (2, 1):
        value = node.value(i) if node.node.op == "Resize" or i == 1 else None
        if value is not None and value.size and not (i == 1 and node.opset >= 11):
            return value
    return None


@rule("DepthToSpace")
def depth_to_space(node: NodeView) -> Spec:
    """Blocks leave the channel axis for the spatial ones."""
    block = int(node.attr("blocksize"))
    channel = "(c p q)" if node.attr("mode", "DCR") == "CRD" else "(p q c)"
    why = "a block of DepthToSpace"
    sizes, locked = {"p": block, "q": block}, {"p": why, "q": why}
    return Spec(f"n {channel} h w -> n c (h p) (w q)", sizes=sizes, locked=locked)


@rule("SpaceToDepth")
def space_to_depth(node: NodeView) -> Spec:
    """Blocks of space become the major part of the channel axis."""
    block = int(node.attr("blocksize"))
    why = "a block of SpaceToDepth"
    sizes, locked = {"p": block, "q": block}, {"p": why, "q": why}
    return Spec("n c (h p) (w q) -> n (p q c) h w", sizes=sizes, locked=locked)
