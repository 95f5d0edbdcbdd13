"""Normalisations that ONNX Runtime fuses with what is in front of them."""

from onnxprune.coupling.grounds import Ground, Reason
from onnxprune.coupling.ops.norm import OVER, layer
from onnxprune.coupling.rule import NodeView, rule, state
from onnxprune.coupling.spec import Spec

CONTRIB = "com.microsoft"
INDEXED = Reason("looked up by index", Ground.INDEX)

# ONNX Runtime writes it into the standard domain, which doesn't know it.
rule("SimplifiedLayerNormalization")(layer)

state(
    "... c, ... c, c, c, c -> ... c, ... 1, ... 1, ... c",
    "SkipLayerNormalization",
    domain=CONTRIB,
    inexact={"c": OVER},
)
state(
    "... c, ... c, c, c -> ... c, ... 1, ... 1, ... c",
    "SkipSimplifiedLayerNormalization",
    domain=CONTRIB,
    inexact={"c": OVER},
)


@rule("EmbedLayerNormalization", domain=CONTRIB)
def embed(node: NodeView) -> Spec:
    """The sum of up to three embeddings, normalised; outputs: that, how long every sequence is, and the sum."""
    tables = "v c, p c, t c" if node.given(4) else "v c, p c, _"
    locked = dict.fromkeys("vpt" if node.given(4) else "vp", INDEXED)
    text = f"b s, b s, {tables}, c, c, _, _ -> b s c, b, b s c"
    return Spec(text, inexact={"c": OVER}, locked=locked)
