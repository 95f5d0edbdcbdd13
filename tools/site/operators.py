"""The reference page of operators: every rule, and what it says of the graphs that prove it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from onnxprune.coupling import rules
from onnxprune.coupling.rule import Rule, find, refused_domains
from onnxprune.coupling.structural import structures
from tests.coupling.cases import Case, cases
from tests.oracle import analysed

MOST_FORMS = 4
OPEN_ENDED = 10**6

HEAD = """# Operators

What every operator's rule says of the axes of its operands, in the notation of
[coupling](concepts/coupling.md#the-notation-of-rules): the same letter is the same run of units, `(a b)` a product,
`(a + b)` a concatenation, `...` shared broadcasting axes, `*` axes that no unit may leave, `_` an operand that doesn't
matter. Behind a bar stand lengths that are stored in the node, and marks. *For example*: what a rule that depends on
the node makes of some of the graphs that prove it. What stands in no row is locked.

"""


def page() -> str:
    """One table for every domain, and the domains that are refused as a whole."""
    domains: dict[str, list[str]] = {}
    for rule in rules():
        domains.setdefault(rule.domain, []).append(_row(rule))
    for domain, op, summary in structures():
        domains.setdefault(domain, []).append(f"| `{op}` | 1- | {_cell(summary)} | |\n")
    parts = [HEAD]
    for domain, rows in sorted(domains.items()):
        parts.append(f"## {domain or 'ai.onnx'}\n\n| op | opsets | rule | for example |\n| --- | --- | --- | --- |\n")
        parts += [*sorted(rows), "\n"]
    parts.append("## Domains without rules\n\n")
    parts += [
        f"- `{domain}`: everything around its ops is locked, because {why}\n"
        for domain, why in refused_domains().items()
    ]
    return "".join(parts)


def _row(rule: Rule) -> str:
    opsets = f"{rule.since}-" if rule.until >= OPEN_ENDED else f"{rule.since}-{rule.until - 1}"
    made = "<br>".join(f"`{text}`" for text in forms().get((rule.domain, rule.op, rule.since), {}))
    same = made == f"`{rule.summary}`"
    summary = f"`{rule.summary}`" if "->" in rule.summary else _cell(rule.summary)
    return f"| `{rule.op}` | {opsets} | {summary} | {'' if same else made} |\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


@cache
def forms() -> dict[tuple[str, str, int], dict[str, None]]:
    """(domain, op, first opset) -> the specs that a rule makes of the graphs that prove it, a few, in their order."""
    found: dict[tuple[str, str, int], dict[str, None]] = {}
    for case in cases():
        for rule, text in _told(case):
            forms = found.setdefault((rule.domain, rule.op, rule.since), {})
            if len(forms) < MOST_FORMS:
                forms[text] = None
    return found


def _told(case: Case) -> Iterator[tuple[Rule, str]]:
    """The specs that the rule of a case's op makes of its graph."""
    analysis = analysed(case.text, case.opset)[1]
    for binding in analysis.bindings:
        if str(binding.node.op) == case.op and (binding.node.domain or "") == case.domain:
            rule = find(case.domain, case.op, case.opset)
            if rule is not None:
                yield rule, str(binding.spec)
