"""`onnxprune list`."""

from __future__ import annotations

import json

import pytest

from onnxprune.budget import budgets
from onnxprune.coupling import rules
from onnxprune.criteria import criteria
from onnxprune.pruning import available
from onnxprune.sparse import sparsifiers
from tests.cli.conftest import Run

REGISTRIES = {
    "passes": sorted(available()),
    "criteria": [entry.name for entry in criteria()],
    "sparsifiers": [entry.name for entry in sparsifiers()],
    "budgets": [entry.name for entry in budgets()],
}


@pytest.mark.parametrize("what", REGISTRIES)
def test_every_entry_is_listed_with_a_summary(run: Run, what: str) -> None:
    rows = json.loads(run("list", what, "--json").stdout)
    assert [row["name"] for row in rows] == REGISTRIES[what] and all(row["summary"] for row in rows)
    shown = run("list", what)
    assert (shown.exit_code, shown.stderr) == (0, "")
    assert [line.split()[0] for line in shown.stdout.splitlines()[2:]] == REGISTRIES[what]
    assert all(row["summary"] in shown.stdout for row in rows)


def test_passes_tell_their_options(run: Run) -> None:
    (heads,) = [row for row in json.loads(run("list", "passes", "--json").stdout) if row["name"] == "heads"]
    assert heads["default"] and heads["exact"] and heads["package"] == "onnxprune_passes"
    assert heads["options"]["unit"] == "auto" and heads["options"]["ratio"] is None


def test_every_rule_is_listed(run: Run) -> None:
    rows = json.loads(run("list", "ops", "--json").stdout)
    listed = {
        (row["domain"].replace("ai.onnx", "", 1) if row["domain"] == "ai.onnx" else row["domain"], row["op"])
        for row in rows
    }
    assert {(rule.domain, rule.op) for rule in rules()} <= listed and ("", "If") in listed
    assert all(row["rule"] for row in rows)
    (softmax, flattened) = [row for row in rows if row["op"] == "Softmax"]
    assert {softmax["opsets"], flattened["opsets"]} == {"13-", "1-12"}
    (relu,) = [row for row in rows if row["op"] == "Relu"]
    assert relu["rule"] == "... -> ..."
