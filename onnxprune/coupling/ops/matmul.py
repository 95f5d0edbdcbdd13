"""Contractions."""

from onnxprune.coupling.rule import Fenced, NodeView, rule
from onnxprune.coupling.spec import Spec

# Between two computed tensors the batch axes are heads, and what is contracted or made is a head's inside.
INNER = {"...": "head", "m": "head_dim", "k": "head_dim", "n": "head_dim"}


@rule("MatMul", "MatMulInteger")
def matmul(node: NodeView) -> Spec:
    """numpy's matmul: leading axes broadcast, a vector has no free axis."""
    left, right = node.rank(0), node.rank(1)
    a = "k" if left == 1 else "... m k"
    b = "k" if right == 1 else "... k n"
    made = " ".join(axis for axis in ("..." if max(left, right) > 2 else "", "m" * (left > 1), "n" * (right > 1)) if axis)
    a, b = (text if max(left, right) > 2 else text.replace("... ", "") for text in (a, b))
    computed = not (node.is_learned(0) or node.is_learned(1))
    extra = ", _, _" if node.node.op == "MatMulInteger" else ""
    return Spec(f"{a}, {b}{extra} -> {made}", macs="output", roles=INNER if computed else {})


@rule("Gemm")
def gemm(node: NodeView) -> Spec:
    """alpha * A' * B' + beta * C, C broadcast to the output."""
    a = "k m" if node.attr("transA", 0) else "m k"
    b = "n k" if node.attr("transB", 0) else "k n"
    c = ""
    if node.given(2):
        shape = node.shape(2)
        names = ["m", "n"][2 - len(shape) :]
        c = ", " + (" ".join("1" if d == 1 else name for d, name in zip(shape, names, strict=True)) or "*")
    return Spec(f"{a}, {b}{c} -> m n", macs="output")


@rule("Einsum")
def einsum(node: NodeView) -> Spec:
    """The equation is the rule; `...` broadcasts as everywhere."""
    equation = node.attr("equation").replace(" ", "")
    left, _, right = equation.partition("->")
    operands = left.split(",")
    if not _:
        names = sorted({c for c in left if c.isalpha() and left.count(c) == 1})
        right = ("..." if "..." in left else "") + "".join(names)
    if any(len(set(text)) != len(text) for text in (o.replace("...", "") for o in operands)):
        raise Fenced("Einsum that takes a diagonal")
    computed = not any(node.is_learned(i) for i in range(node.inputs))
    roles = _einsum_roles(operands, right) if computed and len(operands) == 2 else {}
    text = ", ".join(map(_spell, operands)) + " -> " + _spell(right)
    return Spec(text, macs="output" if len(operands) > 1 else "", roles=roles)


def _spell(term: str) -> str:
    """Equation letters, told apart by case-safe names: `bhd` -> `b h d`."""
    return " ".join("..." if c == "." else c for c in term.replace("...", "."))


def _einsum_roles(operands: list[str], output: str) -> dict[str, str]:
    shared = [c for c in operands[0] if c.isalpha() and c in operands[1]]
    roles = {c: "head" if c in output else "head_dim" for c in shared}
    roles.update({c: "head_dim" for o in operands for c in o if c.isalpha() and c not in shared})
    return roles | ({"...": "head"} if "..." in output else {})
