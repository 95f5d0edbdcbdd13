"""Markdown tables."""

from collections.abc import Sequence


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table whose columns line up; all but the first are set to the right. Ends without a newline.

    Every row must have as many cells as the head; a bar in a cell is escaped.
    """
    cells = [[str(cell).replace("|", "\\|") for cell in row] for row in (head, *rows)]
    if any(len(row) != len(head) for row in cells):
        raise ValueError(f"every row needs {len(head)} cells")
    widths = [max(3, *(len(row[k]) for row in cells)) for k in range(len(head))]
    rule = ["-" * widths[0], *("-" * (w - 1) + ":" for w in widths[1:])]
    return "\n".join(_line(row, widths) for row in (cells[0], rule, *cells[1:]))


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    first, *rest = zip(row, widths, strict=True)
    padded = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in rest)]
    return f"| {' | '.join(padded)} |"


def number(value: float | None, digits: int = 2) -> str:
    """A number for a cell; a dash where there is none."""
    return "-" if value is None else f"{value:.{digits}f}"


def interval(values: Sequence[float] | None) -> str:
    """`1.93 (1.90 to 1.97)` from an estimate and its two limits; a dash where there is none."""
    if values is None:
        return "-"
    value, low, high = values
    return f"{value:.2f} ({low:.2f} to {high:.2f})"
