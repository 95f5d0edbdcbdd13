"""Every rule, proved by the oracle on the graphs of `graphs/`."""

import pytest

from onnxprune.coupling import Analysis
from onnxprune.coupling.terms import leaves
from tests.coupling.cases import Case, cases
from tests.oracle import analysed, check

CASES = cases()


def _reasons(analysis: Analysis, site: str, mark: str) -> list[str]:
    terms = [s.term for s in analysis.sites if str(s) == site]
    assert terms, f"no site {site}"
    return [str(cause) for term in terms for leaf in leaves(term) for cause in getattr(leaf, mark)]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_oracle(case: Case) -> None:
    check(
        case.text,
        opset=case.opset,
        groups=case.groups,
        visible="invisible" not in case.but,
        reference="reference" in case.but,
        strict="lenient" not in case.but,
    )


@pytest.mark.parametrize("case", [c for c in CASES if c.locked or c.inexact], ids=str)
def test_reasons(case: Case) -> None:
    _, analysis = analysed(case.text, case.opset)
    for mark, expected in (("locked", case.locked), ("inexact", case.inexact)):
        for site, text in expected.items():
            reasons = _reasons(analysis, site, mark)
            assert any(text in reason for reason in reasons), f"{site}: {text!r} is not in {reasons}"
