"""Weights of two to eight bits, quantised in blocks along one axis and packed into bytes: whole blocks may go."""

from onnxprune.coupling.grounds import Ground, Reason
from onnxprune.coupling.ops.contrib_norm import INDEXED
from onnxprune.coupling.ops.pointwise import axis_letters
from onnxprune.coupling.ops.quant import INSIDE_BLOCK
from onnxprune.coupling.rule import Fenced, NodeView, rule
from onnxprune.coupling.spec import Length, Spec

CONTRIB = "com.microsoft"

PACKED = Reason("zero points of neighbouring blocks share a byte", Ground.FIXED)
SHORT = Reason("its last quantisation block is short", Ground.FIXED)
ORDERED = Reason("which block a row belongs to is stored by index", Ground.INDEX)


@rule("MatMulNBits", domain=CONTRIB)
def matmul_nbits(node: NodeView) -> Spec:
    """Rows of the weight [N, blocks of K, bytes] are outputs; blocks along K go with their scales."""
    if node.attr("weight_prepacked", 0):
        raise Fenced("a weight that is laid out for one kind of processor")
    block, width = int(node.attr("block_size", 0)), int(node.attr("K", 0))
    whole = width % block == 0
    rows = axis_letters(node.rank() - 1)
    inner = "(k b)" if whole else "c"
    zeros, packed = _zeros(node, 3, int(node.attr("N", 0)), -(-width // block))
    text = f"{rows} {inner}, n k z, {_flat(node, 2, 'n', 'k')}, {zeros}, _, n -> {rows} n"
    locked: dict[str, str] = {"z": INSIDE_BLOCK} | ({"b": INSIDE_BLOCK} if whole else {"c": SHORT, "k": SHORT})
    if packed:
        locked |= {"k": PACKED, "y": PACKED}
    if node.given(4):
        locked["k"] = ORDERED
    lengths = (Length("N", ("n",)), Length("K", (inner,)))
    sizes = {"b": block} if whole else {}
    return Spec(text, sizes=sizes, locked=locked, lengths=lengths, macs=f"{rows} n {inner}")


def _flat(node: NodeView, i: int, major: str, minor: str) -> str:
    """A table of one number per block, as a matrix or row by row."""
    return f"({major} {minor})" if node.rank(i) == 1 else f"{major} {minor}"


def _zeros(node: NodeView, i: int, rows: int, blocks: int) -> tuple[str, bool]:
    """Zero points, and whether several lie in one byte."""
    if not node.given(i):
        return "_", False
    count = 1
    for size in node.shape(i):
        count *= size or 0
    packed = count != rows * blocks
    return _flat(node, i, "n", "y" if packed else "k"), packed


@rule("GatherBlockQuantized", domain=CONTRIB)
def gather(node: NodeView) -> Spec:
    """Rows of a table, each quantised in blocks; bytes hold two numbers of four bits."""
    rank, block, bits = node.rank(), int(node.attr("block_size", 128)), int(node.attr("bits", 4))
    axis, looked = node.axis(int(node.attr("quantize_axis", 1))), node.axis(int(node.attr("gather_axis", 0)))
    if axis != rank - 1 or looked == axis:
        raise Fenced("a table that is quantised along the axis of its rows")
    names = axis_letters(rank).split()
    width, blocks = node.shape(0)[axis], node.shape(2)[axis]
    out = node.out_shape()[-1]
    if width is None or blocks is None or out != blocks * block:
        raise Fenced("a table whose last quantisation block is short")
    stored = block * width // out
    zeros = [*names[:-1], "k" if node.given(3) and node.shape(3)[axis] == blocks else "y"]
    index = [f"i{k}" for k in range(node.rank(1))]
    made = [*names[:looked], *index, *names[looked + 1 : -1], f"(k {'b' if stored == block else '(b w)'})"]
    data = [*names[:-1], "(k b)"]
    locked: dict[str, str] = {f"a{looked}": INDEXED, "b": INSIDE_BLOCK}
    if stored != block:
        locked["w"] = INSIDE_BLOCK
    if zeros[-1] == "y" and node.given(3):
        locked |= {"k": PACKED, "y": PACKED}
    text = f"{' '.join(data)}, {' '.join(index)}, {' '.join([*names[:-1], 'k'])}, {' '.join(zeros)} -> {' '.join(made)}"
    return Spec(text, sizes={"b": stored, **({"w": 8 // bits} if stored != block else {})}, locked=locked)
