"""The page, filled from templates."""

from __future__ import annotations

import json
from pathlib import PurePath
from typing import Any

from onnxprune.report import sentences, stage_sentences, units
from onnxprune.report.findings import findings
from onnxprune.report.html.charts import CHARTS
from onnxprune.report.html.vega import script
from onnxprune.report.record import Report

MOST_LOCKED = 40


def html(report: Report) -> str:
    """The text of report.html: styles, scripts, charts and the record itself are in it, nothing is loaded.

    Without the extra `report`, whose package draws charts, every figure is still there in tables.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("onnxprune.report.html"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {"units": units, "sentences": sentences, "stages": stage_sentences, "written": _written}
    specs = {chart.id: spec for chart in CHARTS if (spec := chart.make(report)) is not None}
    return made.get_template("page.html.j2").render(
        report=report,
        name=PurePath(report.source.path).name,
        verdict=sentences.verdict(report),
        good=not sentences.goals_missed(report) and report.proof.status != "undecided",
        rows=_rows(report),
        findings=findings(report),
        charts={chart.id: chart for chart in CHARTS if chart.id in specs},
        locked=report.locked[:MOST_LOCKED],
        vega=script(),
        data=_embedded({"charts": specs, "report": json.loads(report.to_json())}),
    )


def _rows(report: Report) -> list[tuple[str, str, str, float]]:
    """What, before, after, and the share that is left."""
    before, after, timed = report.before, report.after, report.latency
    rows: list[tuple[str, str, str, float, float]] = [
        ("parameters", units.quantity(before.params), units.quantity(after.params), after.params, before.params),
        ("MACs", units.quantity(before.macs), units.quantity(after.macs), after.macs, before.macs),
        ("bytes", units.size(before.bytes), units.size(after.bytes), after.bytes, before.bytes),
    ]
    if timed:
        medians = timed.before.median, timed.after.median
        rows.append(("latency, median", units.seconds(medians[0]), units.seconds(medians[1]), medians[1], medians[0]))
    return [(what, one, other, left / max(whole, 1e-30)) for what, one, other, left, whole in rows]


def _written(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _embedded(value: Any) -> str:
    """JSON that can't end the script element that it stands in."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
