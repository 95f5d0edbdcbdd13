"""report.html: everything is in it, nothing is loaded, and names stay names."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest

from onnxprune.pruning import Result
from onnxprune.report import Report
from onnxprune.report.closeness import Closeness
from onnxprune.report.details import Link
from onnxprune.report.html import html, vega
from onnxprune.report.html.charts import CHARTS
from onnxprune.report.html.layout import positions
from onnxprune.report.inside import look
from onnxprune.report.record import Attempt, Given, Loss, Moment, QuantisedRecord, Recovered, StageRecord
from onnxprune.report.sentences import verdict

GIVEN = Given("calib.npz", "0" * 64, 8, 2, False, ())


@pytest.fixture(scope="module")
def full(report: Report, result: Result) -> Report:
    """A report with something to draw for every chart."""
    trials = [Attempt(0.8, 0.79, 0.01, 0.79), Attempt(0.5, 0.5, 0.2, 0.5), Attempt(0.3, 0.3, float("inf"), 0.3)]
    curve = [Moment(0, 0.0, 0.5, 0.1), Moment(10, 1.0, 0.3, 0.05), Moment(20, 2.0, None, None)]
    assert report.fidelity is not None
    close = Closeness(report.fidelity.worst, [])
    trained = Recovered("full", {"y": "kl"}, 20, 2.0, True, 1, curve, close, close, GIVEN, "")
    loss = Loss(0.05, 0.01, True, "", None, None, "macs", 0.8, trials)
    return replace(report, details=look(result), loss=loss, recovery=trained)


@pytest.fixture
def no_charts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine where the extra isn't installed."""
    vega.script.cache_clear()
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    yield
    vega.script.cache_clear()


def embedded(page: str) -> dict[str, object]:
    found = re.search('<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found
    loaded: dict[str, object] = json.loads(found[1])
    return loaded


def test_the_record_is_in_it_whole(full: Report, no_charts: None) -> None:
    assert embedded(html(full))["report"] == json.loads(full.to_json())


def test_every_chart_has_its_place(full: Report) -> None:
    page = html(full)
    drawn = embedded(page)["charts"]
    assert isinstance(drawn, dict) and set(drawn) == {chart.id for chart in CHARTS}
    assert all(page.count(f'id="chart-{chart.id}"') == 1 for chart in CHARTS)


def test_what_was_not_asked_for_is_not_drawn(report: Report, no_charts: None) -> None:
    bare = replace(report, groups=[], passes=[], locked=[], latency=None, fidelity=None, target=None)
    page = html(bare)
    assert embedded(page)["charts"] == {} and "Where it went" not in page and "latency, median" not in page


def test_nothing_is_loaded(full: Report) -> None:
    without_scripts = re.sub(r"<script.*?</script>", "", html(full), flags=re.DOTALL)
    assert not re.search(r"""(src|href)=["'](?!data:)""", without_scripts)
    assert "url(" not in without_scripts and "@import" not in without_scripts


def test_names_stay_names(full: Report, no_charts: None) -> None:
    evil = "</script><script>alert(1)</script>"
    assert full.details
    groups = [replace(group, id=evil) for group in full.details.coupled]
    page = html(replace(full, source=replace(full.source, path=evil), details=replace(full.details, coupled=groups)))
    assert "alert(1)" in page and evil not in page


def test_without_the_extra_the_figures_are_there(full: Report, no_charts: None) -> None:
    page = html(full)
    assert "pip install &#39;onnxprune[report]&#39;" in page or "pip install 'onnxprune[report]'" in page
    assert "vega.version" not in page and len(page) < 200_000
    assert all(f"<code>{group.id}</code>" in page for group in full.groups)


def test_the_verdict_praises_no_answers_to_made_up_inputs(full: Report) -> None:
    assert verdict(replace(full, data=GIVEN)).endswith(" agreement.")
    for data in (None, replace(GIVEN, synthetic=True)):
        assert verdict(replace(full, data=data)).endswith(", not tried on real data.")
    assert verdict(replace(full, data=None, fidelity=None)).endswith("proved.")


def test_the_verdict_says_what_was_missed(full: Report, no_charts: None) -> None:
    assert 'class="verdict good"' in html(full)
    assert full.target
    missed = html(replace(full, target=replace(full.target, met=False)))
    assert 'class="verdict poor"' in missed and "macs=0.5 not met" in missed


def test_positions_are_the_same_every_time_and_apart() -> None:
    links = [Link(i, i + 1, "w") for i in range(5)] + [Link(0, 4, "w")]
    places = positions(8, links)
    assert places == positions(8, links) and len(set(places)) == 8 and places[0][0] < places[7][0]
    assert len(set(positions(200, links))) == 200 and positions(1, []) and positions(0, []) == []


def test_stages_stand_one_below_the_other(report: Report, no_charts: None) -> None:
    first = StageRecord(
        kind="prune",
        settings={"target": "macs=0.6", "data": "<b>"},
        seconds=2.5,
        after=report.after,
        fidelity=None,
        target=report.target,
        loss=None,
        proof=report.proof,
        repairs=[],
        masks=None,
        recovery=None,
        quantised=None,
        passes=report.passes,
        groups=report.groups,
        sparse=[],
        sparse_layers=[],
        warnings=[],
    )
    second = replace(
        first, kind="quantise", passes=[], quantised=QuantisedRecord("static", "int8", "uint8", True, {}, None)
    )
    page = html(replace(report, stages=[first, second]))
    rows = re.findall(r"<tr>(<td class=\"\">.*?)</tr>", page)
    cells = [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in rows]
    assert [row[0] for row in cells] == ["1 prune", "2 quantise"] and {row[-1] for row in cells} == {"2.50 s"}
    assert "static, weights int8, per channel" in cells[1][1]
    assert "data = &#34;&lt;b&gt;&#34;" in page and "Stage by stage" not in html(report)
