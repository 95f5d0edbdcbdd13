"""Every rule, proved by the oracle on the graphs of `graphs/`."""

import onnx_graphsurgeon as gs
import pytest

from onnxprune.coupling import Analysis, Fenced, NodeView, Spec, rule, rules
from onnxprune.coupling.structural import structure, structures
from onnxprune.coupling.terms import leaves
from onnxprune.graph import graphs
from tests.coupling.cases import Case, cases
from tests.oracle import analysed, check, exact

CASES = cases()


def _options(case: Case) -> dict[str, bool]:
    return {
        "visible": "invisible" not in case.but,
        "reference": "reference" in case.but,
        "strict": "lenient" not in case.but,
    }


@pytest.mark.parametrize("case", CASES, ids=str)
def test_pruned_equals_masked(case: Case) -> None:
    if "unrunnable" in case.but:
        assert {g.id: g.size for g in exact(analysed(case.text, case.opset)[1])} == case.groups
        return
    check(case.text, opset=case.opset, groups=case.groups, **_options(case))


@pytest.mark.parametrize("case", [c for c in CASES if c.inexact], ids=str)
def test_inexact_groups_too(case: Case) -> None:
    check(case.text, opset=case.opset, inexact=True, **_options(case))


@pytest.mark.parametrize("case", [c for c in CASES if c.locked or c.inexact], ids=str)
def test_reasons(case: Case) -> None:
    _, analysis = analysed(case.text, case.opset)
    for mark, expected in (("locked", case.locked), ("inexact", case.inexact)):
        for site, text in expected.items():
            reasons = _reasons(analysis, site, mark)
            assert any(text in reason for reason in reasons), f"{site}: {text!r} is not in {reasons}"


def _reasons(analysis: Analysis, site: str, mark: str) -> list[str]:
    terms = [s.term for s in analysis.sites if str(s) == site]
    assert terms, f"no site {site}"
    return [str(cause) for term in terms for leaf in leaves(term) for cause in getattr(leaf, mark)]


# ------------------------------------------------------------------------------------------------- the registry


def test_every_rule_has_a_graph() -> None:
    proved = {(case.domain, case.op, case.opset) for case in CASES}
    bare = [
        f"{r.domain}::{r.op} since {r.since}"
        for r in rules()
        if not any(d == r.domain and op == r.op and r.since <= opset < r.until for d, op, opset in proved)
    ]
    bare += [op for domain, op, _ in structures() if not any((domain, op) == key[:2] for key in proved)]
    assert not bare


def test_cases_and_rules_fit_together() -> None:
    """Every case has its op, which normalisation may have folded away, and every mark a letter of its rule."""
    for case in CASES:
        model, analysis = analysed(case.text, case.opset)
        assert (case.domain, case.op) in {(n.domain or "", n.op) for g in graphs(model) for n in g.nodes}, case
        for binding in analysis.bindings:
            spec = binding.spec
            named = {*spec.inexact, *spec.locked, *spec.roles, *spec.sizes} - {"..."}
            assert named <= binding.env.keys(), f"{case}: {binding.node.op}: {named - binding.env.keys()}"


def test_two_rules_for_one_op_are_refused() -> None:
    with pytest.raises(ValueError, match="two rules for op Relu in opsets 5 to 7"):
        rule("Relu", since=5, until=7)(lambda _: Spec("... -> ..."))
    with pytest.raises(ValueError, match="two handlers for op If"):
        structure("If")(lambda walker, node: None)


def test_rules_that_share_no_opset_live_side_by_side() -> None:
    opsets = sorted((r.since, r.until) for r in rules() if r.op == "Softmax")
    assert opsets == [(1, 13), (13, 10**6)]


def test_every_rule_says_what_it_does() -> None:
    assert not [r.op for r in rules() if not r.summary]
    assert not [op for _, op, summary in structures() if not summary]


def test_a_refusal_is_a_sentence_about_the_node() -> None:
    view = NodeView(gs.Node("Relu", inputs=[gs.Variable("x")], outputs=[gs.Variable("y")]), 21)
    with pytest.raises(Fenced, match="input 0 has no known rank"):
        view.shape(0)
