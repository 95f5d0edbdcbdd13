"""Ties: a tree over the members of a group, with the nodes that lead from one to another."""

from __future__ import annotations

import pytest

from onnxprune.coupling.explain import couple
from onnxprune.coupling.ties import Ties
from onnxprune.report.model import Opened, opened
from tests.cli.conftest import stored
from tests.nets import CNN


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Opened:
    return opened(stored(CNN, tmp_path_factory.mktemp("ties") / "model.onnx"))


def test_every_member_is_there_once_and_hangs_on_one_before_it(model: Opened) -> None:
    ties = Ties(model.analysis)
    for group in model.analysis.prunable:
        found = ties.of(group)
        assert sorted(map(str, (tie.site for tie in found))) == sorted(map(str, group.members))
        assert found[0].near is None and found[0].site == group.members[0]
        for place, tie in enumerate(found[1:], start=1):
            assert str(tie.near) in [str(before.site) for before in found[:place]] and tie.through


def test_the_nodes_are_those_of_the_shortest_path(model: Opened) -> None:
    """As `explain` tells it, for members that hang on the first one."""
    ties = Ties(model.analysis)
    seen = 0
    for group in model.analysis.prunable:
        for tie in ties.of(group):
            if tie.near is not None and tie.near == group.members[0]:
                steps = couple(model.analysis, tie.near, tie.site).steps
                assert {f"{s.cause.op} '{s.cause.node}'" for s in steps} <= set(tie.through)
                seen += 1
    assert seen


def test_a_member_that_nothing_ties_would_be_seen(model: Opened) -> None:
    """The trees follow the log: without its edges nothing hangs on anything."""
    ties = Ties(model.analysis)
    ties._graph.remove_edges_from([(a, b) for a, b, e in ties._graph.edges(data=True) if e["kind"] == "same"])
    group = next(g for g in model.analysis.prunable if len(g.members) > 1)
    assert any(tie.near is None for tie in ties.of(group)[1:])
