"""Blocks of real networks: their groups and terms as text, and the oracle's yes to all of them."""

from pathlib import Path

import pytest

from tests.coupling.cases import Case, read
from tests.coupling.printed import printed
from tests.oracle import analysed, check

FOLDER = Path(__file__).with_name("golden")
BLOCKS = list(read(Path(__file__).with_name("composed.txt").read_text()))


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.op)
def test_golden(block: Case, request: pytest.FixtureRequest) -> None:
    _, analysis = analysed(block.text, block.opset)
    found, file = printed(analysis, f"{block.op}: {block.variant}"), FOLDER / f"{block.op}.txt"
    if request.config.getoption("--update-golden"):
        file.write_text(found)
    assert found == file.read_text()


def test_every_golden_file_has_a_block() -> None:
    assert {file.stem for file in FOLDER.iterdir()} == {block.op for block in BLOCKS}


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.op)
def test_pruned_equals_masked(block: Case) -> None:
    check(block.text, opset=block.opset, groups=block.groups)


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.inexact], ids=lambda block: block.op)
def test_inexact_groups_too(block: Case) -> None:
    check(block.text, opset=block.opset, inexact=True)
