"""The results in the README."""

from pathlib import Path

import pytest

from tools import page_readme

ROW = {
    "macs": [100.0, 49.4],
    "bytes": [102_200_000, 57_500_000],
    "proof": {"status": "proved", "error": 2.1e-6},
    "ratio": [2.01, 1.95, 2.09],
}


def test_only_what_is_between_the_marks_changes(tmp_path: Path) -> None:
    file = tmp_path / "README.md"
    file.write_text(f"before\n{page_readme.BEGIN}\nold\n{page_readme.END}\nbehind\n")
    page_readme.write({"resnet50": ROW, "bert-base": {"failed": "no"}, "other": ROW}, file)
    text = file.read_text()
    assert text.startswith(f"before\n{page_readme.BEGIN}\n") and text.endswith(f"\n{page_readme.END}\nbehind\n")
    rows = [[c.strip() for c in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("| r")]
    assert rows == [["resnet50", "0.494", "102.2 → 57.5", "proved, 2e-06", "2.01 (1.95 to 2.09)"]]
    assert "old" not in text and "bert" not in text and "other" not in text


def test_nothing_measured_leaves_it_alone(tmp_path: Path) -> None:
    file = tmp_path / "README.md"
    file.write_text(f"{page_readme.BEGIN}\nold\n{page_readme.END}\n")
    page_readme.write({}, file)
    assert "old" in file.read_text()


def test_a_file_without_marks(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("text")
    with pytest.raises(ValueError, match="not found"):
        page_readme.write({"resnet50": ROW}, tmp_path / "README.md")
