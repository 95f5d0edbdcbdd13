"""Every graph that proves a rule of coupling, lifted and compared with ONNX Runtime."""

import onnx
import pytest

from onnxprune.coupling import rules
from onnxprune.coupling.structural import structures
from onnxprune.lift import ops  # noqa: F401  # registers the operators
from onnxprune.lift.operator import find, known
from tests.coupling.cases import Case, cases
from tests.lift.comparing import gap, lifted
from tests.oracle import build

TOLERANCE = 1e-5

ON_GPUS = "ONNX Runtime runs it on GPUs alone, so there is nothing here to hold it against"
DECODING = "decodes step by step: no gradient goes through what was chosen"
CACHED = "is laid out for decoding with a cache of fixed length"
PACKED = "its weights are packed in a way of ONNX Runtime's own"
TEXT = "text has no gradient"

UNLIFTED = {
    ("", "ImageDecoder"): "bytes of a file have no gradient",
    ("", "RegexFullMatch"): TEXT,
    ("", "StringConcat"): TEXT,
    ("", "StringNormalizer"): TEXT,
    ("", "StringSplit"): TEXT,
    ("", "TfIdfVectorizer"): "counts of words have no gradient",
    **{
        ("com.microsoft", op): reason
        for reason, named in {
            ON_GPUS: "BiasAdd BiasDropout BiasSoftmax BiasSplitGelu GatedRelativePositionBias GemmFastGelu GemmFloat8 "
            "GroupNorm LongformerAttention NhwcConv NhwcFusedConv PackedAttention PackedMultiHeadAttention "
            "PagedAttention QOrderedAttention QOrderedGelu QOrderedLayerNormalization QOrderedLongformerAttention "
            "QOrderedMatMul RelativePositionBias RemovePadding RestorePadding SkipGroupNorm",
            DECODING: "BeamSearch GreedySearch NGramRepeatBlock Sampling WhisperBeamSearch",
            CACHED: "DecoderAttention DecoderMaskedMultiHeadAttention DecoderMaskedSelfAttention",
            PACKED: "MatMulBnb4 MatMulFpQ4 QEmbedLayerNormalization QMoE",
            "ONNX Runtime has no kernel for it": "QLinearReduceMean",
        }.items()
        for op in named.split()
    },
}
"""Ops that have a rule and aren't lifted, each with the reason."""

QUANTUM = 0.02
ROUNDED = {"QLinearAdd", "QLinearSoftmax", "QLinearGlobalAveragePool", "QLinearAveragePool"}
"""ONNX Runtime computes these by tables and fixed point: what is between two steps may fall to the other one."""

CHANCE = {"Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike"}
"""Random numbers: shapes and types are compared (`test_lift_options`), not values."""

MORE = {
    "TransposeMatMul": "g (float[2,3,4] x) => (float[2,4,5] y) <float[2,3,5] w>"
    " { y = com.microsoft.TransposeMatMul <transA = 1, alpha = 0.5> (x, w) }",
    "DynamicQuantizeLSTM": "g (float[5,2,4] x) => (float[5,1,2,3] y) <int8[1,4,12] w, int8[1,3,12] r, float[1,24] b,"
    " float[1] scalew = {0.02}, int8[1] pw = {2}, float[1] scaler = {0.03}, int8[1] pr = {1}>"
    " { y = com.microsoft.DynamicQuantizeLSTM <hidden_size = 3> (x, w, r, b, , , , , scalew, pw, scaler, pr) }",
}
"""Graphs of ops that no rule's graph has."""


def _lifts(case: Case) -> bool:
    nodes = ops_of(build(case.text, case.opset).graph)
    return not any(key in UNLIFTED for key in nodes) and "strings" not in case.variant


def ops_of(graph: onnx.GraphProto) -> set[tuple[str, str]]:
    found = {("" if n.domain == "ai.onnx" else n.domain, n.op_type) for n in graph.node}
    inner = (a.g for n in graph.node for a in n.attribute if a.type == onnx.AttributeProto.GRAPH)
    return found.union(*map(ops_of, inner))


RUNNABLE = [case for case in cases() if "unrunnable" not in case.but and _lifts(case)]


@pytest.mark.parametrize("case", RUNNABLE, ids=str)
def test_lifted_equals_onnx_runtime(case: Case) -> None:
    if case.op in CHANCE:
        lifted(case.text, case.opset)
        return
    found = gap(case.text, case.opset, reference="reference" in case.but)
    assert found <= (QUANTUM if case.op in ROUNDED else TOLERANCE)


def test_every_op_with_a_rule_is_lifted_or_has_a_reason() -> None:
    named = {(r.domain, r.op) for r in rules()} | {(domain, op) for domain, op, _ in structures()}
    missing = {key for key in named if all(find(*key, opset) is None for opset in range(1, 30))}
    assert missing - set(UNLIFTED) == set(), "lift them, or say why not in UNLIFTED"
    assert set(UNLIFTED) <= missing, "these are lifted by now"


@pytest.mark.parametrize("op", MORE)
def test_more_equal_onnx_runtime(op: str) -> None:
    assert gap(MORE[op]) <= TOLERANCE


def test_every_operator_is_reached() -> None:
    reached = set().union(*(ops_of(build(case.text, case.opset).graph) for case in RUNNABLE))
    reached |= {("com.microsoft", op) for op in MORE} | {("ai.onnxprune.internal", "Tap")}  # taps: tests/graph
    assert set(known()) <= reached, "write a graph that ONNX Runtime runs"
