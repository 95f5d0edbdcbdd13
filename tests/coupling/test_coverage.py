"""What the standard knows: every operator has a rule, or is locked for a reason that is written down."""

from __future__ import annotations

from collections.abc import Iterator

import onnx
import pytest

from onnxprune.coupling import Analysis, find, refused_domains
from onnxprune.coupling.structural import structural
from tests.oracle import analysed, check, exact

STANDARD = ("", "ai.onnx")


def _schemas() -> Iterator[onnx.defs.OpSchema]:
    """Every version of every operator that onnx knows, but those that no file may use any more."""
    return (s for s in onnx.defs.get_all_schemas_with_history() if not s.deprecated)


def _is_known(domain: str, op: str, version: int) -> bool:
    domain = "" if domain in STANDARD else domain
    return domain in refused_domains() or structural(domain, op) is not None or find(domain, op, version) is not None


def test_every_operator_of_the_standard_is_known() -> None:
    """A new version of onnx shows here what is missing."""
    operators = [(s.domain, s.name, s.since_version) for s in _schemas()]
    assert not [operator for operator in operators if not _is_known(*operator)]


def test_an_operator_that_nobody_knows_is_missed() -> None:
    assert not _is_known("", "Conw", 21) and not _is_known("com.example", "Conv", 1)


# ------------------------------------------------------------------------------------------------- other domains


def _locks(analysis: Analysis, site: str) -> str:
    group = next(g for g in analysis.groups if str(g.members[0]) == site)
    return "; ".join(map(str, group.locked))


LAYERS = """<ir_version: 10, opset_import: ["": 21, "{domain}": {version}]>
    g (float[2,4] x) => (float[2,6] y) <float[4,5] c, float[5,6] a>
    {{ g = MatMul(x, c) s = Sigmoid(g) h = MatMul(s, a) y = {call} }}"""


@pytest.mark.parametrize(
    ("call", "version"),
    [
        ("ai.onnx.ml.Scaler <offset = [0.5], scale = [2.0]> (h)", 3),
        ('ai.onnx.ml.Normalizer <norm = "L2"> (h)', 3),
        ("ai.onnx.ml.Binarizer <threshold = 0.1> (h)", 3),
    ],
)
def test_classical_models_are_fenced_and_the_rest_is_pruned(call: str, version: int) -> None:
    text = LAYERS.format(domain="ai.onnx.ml", version=version, call=call)
    assert check(text, groups={"c[1]": 5}).ok
    _, analysis = analysed(text)
    assert "ai.onnx.ml hold features and classes in attributes" in _locks(analysis, "a[1]")
    assert not analysis.unknown


def test_custom_operators_are_fenced_and_counted() -> None:
    text = LAYERS.format(domain="com.example", version=1, call="com.example.Mystery(h)")
    _, analysis = analysed(text)
    assert [g.id for g in exact(analysis)] == ["c[1]"] and analysis.unknown == {"Mystery": 1}
    assert "no rule for op com.example::Mystery" in _locks(analysis, "a[1]")


@pytest.mark.parametrize("domain", sorted(refused_domains().keys() - {"ai.onnx.ml"}))
def test_refused_domains_say_why(domain: str) -> None:
    _, analysis = analysed(LAYERS.format(domain=domain, version=1, call=f"{domain}.Mystery(h)"))
    assert [g.id for g in exact(analysis)] == ["c[1]"] and not analysis.unknown
    assert refused_domains()[domain] in _locks(analysis, "a[1]")


FUNCTION = """<ir_version: 10, opset_import: ["": 21, "local": 1]>
    g (float[2,4] x) => (float[2,3] y) <float[4,6] a, float[6,3] b>
    { h = MatMul(x, a) z = local.Gate(h) y = MatMul(z, b) }
    <domain: "local", opset_import: ["": 21]> Gate (u) => (v) { s = Sigmoid(u) v = Mul(u, s) }"""


def test_functions_of_the_model_are_seen_through() -> None:
    assert check(FUNCTION, groups={"a[1]": 6}).ok
