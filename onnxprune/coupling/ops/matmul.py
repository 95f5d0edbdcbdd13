"""Contractions."""

from onnxprune.coupling.rule import Fenced, NodeView, rule
from onnxprune.coupling.spec import Spec

# Between two computed tensors the batch axes are heads, and what is contracted or made is a head's inside.
INNER = {"...": "head", "m": "head_dim", "k": "head_dim", "n": "head_dim"}

# A matrix of every channel's states times one vector, which reads the state of a recurrence out: channels, no heads.
READOUT = {"k": "head_dim"}


def product_roles(node: NodeView, left: int, right: int) -> dict[str, str]:
    """What the letters of a product `... m k, ... k n` of two operands are; none where one of them is learned."""
    if node.is_learned(left) or node.is_learned(right):
        return {}
    if node.rank(right) > 2 and node.shape(right)[-1] == 1:
        return READOUT
    batched = max(node.rank(left), node.rank(right)) > 2
    return {name: role for name, role in INNER.items() if batched or name != "..."}


@rule("MatMul", "MatMulInteger")
def matmul(node: NodeView) -> Spec:
    """numpy's matmul: leading axes broadcast, a vector has no free axis."""
    left, right = node.rank(0), node.rank(1)
    run = "... " if max(left, right) > 2 else ""
    a = "k" if left == 1 else f"{run}m k"
    b = "k" if right == 1 else f"{run}k n"
    made = f"{run}{'m ' * (left > 1)}{'n' * (right > 1)}"
    zeros = "".join(f", {_zero_point(node, i)}" for i in range(2, node.inputs))
    return Spec(f"{a}, {b}{zeros} -> {made}", macs="output", roles=product_roles(node, 0, 1))


def _zero_point(node: NodeView, i: int) -> str:
    """MatMulInteger's, per tensor, or per row of the left (operand 2) and column of the right one (operand 3)."""
    if not node.given(i):
        return "_"
    shape = node.shape(i)
    own = "m" if i == 2 else "n"
    if len(shape) > 1:
        return "... m 1" if i == 2 else "... 1 n"
    return "" if not shape else "1" if shape[0] == 1 else own


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
    """The equation is the rule; `...` broadcasts as everywhere, and a letter twice in one operand is a diagonal."""
    operands, output = _equation(node)
    operands, diagonal = _off_diagonal(operands)
    computed = not any(node.is_learned(i) for i in range(node.inputs))
    roles = _einsum_roles(operands, output) if computed and len(operands) == 2 else {}
    text = ", ".join(map(" ".join, _broadcast(node, operands))) + " -> " + " ".join(output)
    locked = dict.fromkeys(diagonal, "an axis of which Einsum takes a diagonal")
    return Spec(text, macs="output" if len(operands) > 1 else "", roles=roles, locked=locked)


def _off_diagonal(operands: list[list[str]]) -> tuple[list[list[str]], list[str]]:
    """Operands in which no letter comes twice, and the letters, old and new, of axes that are compared by index."""
    twice = {name for names in operands for name in names if names.count(name) > 1}
    apart = [[_apart(names, i) for i in range(len(names))] for names in operands]
    return apart, [name for names in apart for name in names if name in twice or len(name) > 2]


def _apart(names: list[str], i: int) -> str:
    """The letter of an axis, or a new one where an axis before it has the same."""
    before = names[:i].count(names[i])
    return f"{names[i] * 2}{before}" if before else names[i]


def _equation(node: NodeView) -> tuple[list[list[str]], list[str]]:
    """The letters of every operand and of the output; `...` is spelled as `e0 e1 ...`, aligned to the right."""
    left, arrow, right = node.attr("equation").replace(" ", "").partition("->")
    texts = left.split(",")
    if len(texts) != node.inputs:
        raise Fenced("Einsum whose equation has another number of operands")
    hidden = [node.rank(i) - len(text.replace("...", "")) if "..." in text else 0 for i, text in enumerate(texts)]
    run = [f"e{k}" for k in range(max(hidden))]
    operands = [_names(text, run[len(run) - count :]) for text, count in zip(texts, hidden, strict=True)]
    if arrow:
        return operands, _names(right, run)
    return operands, run + sorted(c for c in set(left) if c.isalpha() and left.count(c) == 1)


def _names(text: str, run: list[str]) -> list[str]:
    return [name for c in text.replace("...", ".") for name in (run if c == "." else [c])]


def _broadcast(node: NodeView, operands: list[list[str]]) -> list[list[str]]:
    """`1` for an axis of one index under a letter that has more elsewhere."""
    sizes = [dict(zip(names, node.shape(i), strict=False)) for i, names in enumerate(operands)]
    longer = {name for found in sizes for name, size in found.items() if size != 1}
    return [
        ["1" if found.get(n) == 1 and n in longer else n for n in names]
        for names, found in zip(operands, sizes, strict=True)
    ]


def _einsum_roles(operands: list[list[str]], output: list[str]) -> dict[str, str]:
    shared = [name for name in operands[0] if name in operands[1]]
    roles = {name: "head" if name in output else "head_dim" for name in shared}
    return roles | {name: "head_dim" for names in operands for name in names if name not in shared}
