"""What pages show: their blocks, the commands in them, and what stands before the numbers of an output."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Block:
    """A fenced block: the word behind the fence, a file's name (`title="make.py"`) or "", and the text."""

    kind: str
    title: str
    text: str


def blocks(text: str) -> list[Block]:
    """All fenced blocks of a page."""
    found = re.findall(r"^```(\w+)(?: title=\"(.*?)\")?\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [Block(*parts) for parts in found]


def commands(text: str, program: str = "onnxprune ") -> list[str]:
    """The commands of a program that a page shows behind a `$`, without its name."""
    lines = [line for block in blocks(text) if block.kind == "console" for line in block.text.splitlines()]
    return [line.removeprefix(f"$ {program}") for line in lines if line.startswith(f"$ {program}")]


def shown(block: Block) -> Iterator[tuple[str, list[str]]]:
    """The commands of a block, each with the lines that are shown below it."""
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        command, *lines = part.splitlines()
        yield command, lines


def labels(lines: list[str]) -> list[str]:
    """What stands before the first number or the first gap of every line: the same for other numbers."""
    heads = (re.split(r"\s{2,}|\s(?=[\d<])", line.strip())[0] for line in lines if line.strip())
    return [re.sub("─+", "─", head) for head in heads]
