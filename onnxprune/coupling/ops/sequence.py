"""Sequences and optionals: tensors that leave the graph of tensors."""

from onnxprune.coupling.ops.pointwise import axis_letters
from onnxprune.coupling.rule import Fenced, NodeView, refuse, rule
from onnxprune.coupling.spec import Spec

SEQUENCE = "tensors in a sequence have no axes of their own (export without lists of tensors)"
OPTIONAL = "an optional has no axes of its own (export without optional values)"

refuse(
    SEQUENCE,
    *"SequenceAt SequenceConstruct SequenceEmpty SequenceErase SequenceInsert SequenceLength SequenceMap".split(),
    *"SplitToSequence ConcatFromSequence".split(),
)
refuse(OPTIONAL, "Optional")


@rule("OptionalGetElement")
def get_element(node: NodeView) -> Spec:
    """Of a tensor, the tensor itself."""
    _tensor_only(node)
    return Spec("... -> ...")


@rule("OptionalHasElement")
def has_element(node: NodeView) -> Spec:
    """A tensor is there, whatever its axes are."""
    if not node.inputs:
        return Spec(" -> ")
    _tensor_only(node)
    run = axis_letters(node.rank())
    return Spec(f"{run} -> ", locked=dict.fromkeys(run.split(), "asked for by OptionalHasElement"))


def _tensor_only(node: NodeView) -> None:
    if getattr(node.node.inputs[0], "type", "tensor_type") != "tensor_type":
        raise Fenced(OPTIONAL)
