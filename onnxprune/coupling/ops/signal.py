"""Fourier transforms, and the tables that go with them."""

from onnxprune.coupling.ops.join import at
from onnxprune.coupling.ops.pointwise import axis_letters
from onnxprune.coupling.rule import NodeView, rule, state
from onnxprune.coupling.spec import Spec

WHY = "transformed along by a Fourier transform"
PARTS = "real and imaginary part"

state("_ -> *", "HannWindow", "HammingWindow", "BlackmanWindow")
state("_, _, _, _, _ -> *", "MelWeightMatrix")


@rule("DFT", since=20)
def dft(node: NodeView) -> Spec:
    """Linear along one axis; the last one holds real and imaginary parts; others pass."""
    axis = node.ints(2)
    return _along(node, node.axis(axis[0] if axis else -2))


@rule("DFT", until=20)
def dft_of_attribute(node: NodeView) -> Spec:
    """As from opset 20 on, with the axis as an attribute."""
    return _along(node, node.axis(int(node.attr("axis", 1))))


def _along(node: NodeView, axis: int) -> Spec:
    rank = node.rank()
    names = axis_letters(rank).split()
    before = " ".join([*names[:-1], "i"])
    after = " ".join([*at(rank, axis, "f").split()[:-1], "j"])
    blanks = ", _" * (node.inputs - 1)
    return Spec(f"{before}{blanks} -> {after}", locked={f"a{axis}": WHY, "f": WHY, "i": PARTS, "j": PARTS})


@rule("STFT")
def stft(node: NodeView) -> Spec:
    """Frames of a signal are transformed; the batch passes."""
    parts = "" if node.rank() == 2 else " i"
    locked = dict.fromkeys(["l", "f", "k", *(["w"] if node.given(2) else [])], WHY) | {"j": PARTS}
    locked |= {"i": PARTS} if parts else {}
    window = "w" if node.given(2) else "_"
    return Spec(f"b l{parts}, _, {window}, _ -> b f k j", locked=locked)
