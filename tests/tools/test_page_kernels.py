"""The page of kernels, from figures."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path

from tools import page_kernels
from tools.bench_sparse import Figure
from tools.results import Results
from tools.sparse_models import Whole


def figure(name: str, n: int, gain: float, m: int = 8) -> Figure:
    return Figure(name, 0.9, m, 768, n, "a kernel", gain, 1.0, gain, 3 * gain)


def test_the_least_and_the_most_of_all_shapes(tmp_path: Path) -> None:
    rows = Results("kernels", tmp_path)
    figures = [figure("64x1", 768, 9.04), figure("64x1", 3072, 10.5), figure("4x1", 768, 7, m=32)]
    page_kernels.keep(figures, rows, "A processor")
    page_kernels.keep([figure("32x4:int8", 768, 8.0)], rows, "Another")
    models = Results("sparse-models", tmp_path)
    whole = Whole("a model", "64x1", 0.9, "operator", 7.25, 6.5, 1.75, 12.0, 0.2, 0.3)
    page_kernels.keep_whole(asdict(whole), models, "Another")
    page = page_kernels.write(rows, models, tmp_path / "page.md").read_text(encoding="utf-8")
    first, second = page.split("## A processor\n")[1].split("## Another\n")
    lines = [[c.strip() for c in line.strip("|").split("|")] for line in first.splitlines() if line.startswith("|")]
    assert lines[0] == ["block", "M=8", "M=32"]
    assert lines[2:] == [["64x1", "9.0 to 10.5", "-"], ["4x1", "-", "7.0"]]
    assert "### 90% zeros" in first and "8.0 (24)" in second and "earlier state" not in page
    assert re.search(r"\| a model \| +64x1 \|.* 7.25 \|.* 20% \| +30% \|", second) and "a model" not in first


def test_figures_of_other_kernels_are_told(tmp_path: Path) -> None:
    rows = Results("kernels", tmp_path)
    page_kernels.keep([figure("64x1", 768, 9)], rows, "A processor")
    (name,) = rows.rows()
    rows.keep(name, "older", rows.rows()[name])
    assert "Measured with an earlier state of the kernels." in page_kernels.render(rows, Results("none", tmp_path))


def test_the_page_holds_what_is_kept() -> None:
    said = page_kernels.render(page_kernels.kept(), page_kernels.whole())
    page = page_kernels.FILE.read_text(encoding="utf-8")
    old = " Measured with an earlier state of the kernels."
    assert said.replace(old, "") == page.replace(old, "")
