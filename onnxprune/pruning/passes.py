"""The pass framework. A pass is a frozen dataclass that offers groups for pruning; its fields are its options.

    @dataclass(frozen=True)
    class Channels(Pass):
        name: ClassVar[str] = "channels"
        kind: str = "all"

        def select(self, analysis: Analysis) -> Iterable[Group]: ...

A `LayerPass` offers layers, whose weights get zeros and keep their shape. Passes are found by the entry-point group
`onnxprune.passes`, those of this project and those of anybody else alike.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any, ClassVar, TypeVar, get_type_hints

import onnx_graphsurgeon as gs

from onnxprune.calibration import Layer
from onnxprune.coupling import Analysis, Group
from onnxprune.errors import InputError
from onnxprune.pruning.alignment import BLOCK, best_step
from onnxprune.sparse import Wanted, Worth

ENTRY_POINTS = "onnxprune.passes"

AnyPass = TypeVar("AnyPass", bound="Guest")


@dataclass(frozen=True)
class Guest:
    """What all passes have in common: a name, when they run, and fields that are options."""

    name: ClassVar[str] = ""
    exact: ClassVar[bool] = True
    """Whether what it does equals masking."""
    default: ClassVar[bool] = False
    """Whether it runs when the user names no pass."""
    reserve: ClassVar[bool] = False
    """Whether it joins in when the user names no pass and the default ones can't meet the target."""

    @classmethod
    def runs(cls) -> str:
        """When it runs, in words."""
        return "by default" if cls.default else "if needed" if cls.reserve else "if named"


@dataclass(frozen=True)
class Pass(Guest):
    """Base of all passes that take units of groups.

    ratio: fraction of each group's units to remove, or None for the budget to decide; align: widths are multiples of
    this, 0 for what the runtime's kernels like; floor: the fraction of a group's units that stays at the least
    """

    ratio: float | None = None
    align: int = 0
    floor: float = 0.1

    def __post_init__(self) -> None:
        if self.ratio is not None and not 0 <= self.ratio < 1:
            raise InputError(f"pass {self.name}: ratio must be at least 0 and below 1, not {self.ratio:g}")
        if self.align < 0:
            raise InputError(f"pass {self.name}: align must not be negative, got {self.align}")
        if not 0 <= self.floor <= 1:
            raise InputError(f"pass {self.name}: floor must lie between 0 and 1, not {self.floor:g}")

    def select(self, analysis: Analysis) -> Iterable[Group]:
        """The groups that this pass would take units from."""
        raise NotImplementedError

    def step(self, group: Group, block: int = BLOCK) -> int:
        """Widths of the group stay multiples of this; block: what the kernels compute at once, where `align` is 0."""
        return self.align or best_step(group, block)

    def lowest(self, group: Group) -> int:
        """The fewest units that stay."""
        return max(1, math.ceil(self.floor * group.size))


@dataclass(frozen=True)
class LayerPass(Guest):
    """Base of all passes that put zeros into the weights of layers. It runs where the user names it."""

    def select(self, analysis: Analysis) -> Iterable[Layer]:
        """The layers that this pass would change."""
        raise NotImplementedError

    def wanted(self, given: bool) -> Wanted:
        """What becomes of each of them; given: whether there are data that say what layers read."""
        raise NotImplementedError

    def worth(self, bound: bool) -> Worth | None:
        """When a layer becomes sparse, where not always; bound: whether the result runs with sparse kernels."""
        return None

    def fits(self, form: str | None) -> None:
        """Raise InputError where its weights can't be written in this form (None: it isn't known yet)."""

    def free(self) -> bool:
        """Whether a target in time or a limit of loss may say how many zeros there are to be."""
        return False

    def spread(self) -> bool:
        """Whether layers get sparsities of their own, by the errors that zeros make in them."""
        return False

    def reorders(self) -> bool:
        """Whether units may change places, so that outputs that need the same inputs share blocks."""
        return False


def available() -> dict[str, type[Guest]]:
    """All installed passes by name, those of other packages included."""
    found: dict[str, type[Guest]] = {}
    for point in sorted(entry_points(group=ENTRY_POINTS), key=lambda p: p.name):
        loaded = point.load()
        if not (isinstance(loaded, type) and issubclass(loaded, Guest)):
            raise InputError(f"the entry point '{point.name}' of {ENTRY_POINTS} is not a Pass: {point.value}")
        found[point.name] = loaded
    return found


def group_passes() -> dict[str, type[Pass]]:
    """Those that take units of groups."""
    return {name: kind for name, kind in available().items() if issubclass(kind, Pass)}


def parse(text: str, **defaults: Any) -> Guest:
    """A pass from the command line's spelling: `heads` or `heads{ratio=0.25,align=1}`.

    defaults: values for fields that the text doesn't set, where the pass has them. Raises InputError for unknown names,
    options and values.
    """
    name, brace, rest = text.strip().partition("{")
    if bool(brace) != text.strip().endswith("}"):
        raise InputError(f"pass '{text}' is not spelled NAME or NAME{{option=value,...}}")
    passes = available()
    if name not in passes:
        raise InputError(f"no pass '{name}'; there are {', '.join(sorted(passes))}")
    given = dict(_option(part, text) for part in rest.rstrip("}").split(",") if part.strip())
    fields = {f.name for f in dataclasses.fields(passes[name])}
    return make(passes[name], {**{k: v for k, v in defaults.items() if k in fields}, **given})


def make(kind: type[AnyPass], options: dict[str, Any]) -> AnyPass:
    """A pass from option values (numbers, booleans or their text)."""
    types = get_type_hints(kind)
    fields = {f.name for f in dataclasses.fields(kind)}
    for key in options:
        if key not in fields:
            raise InputError(f"pass {kind.name} has no option '{key}'; it has {', '.join(sorted(fields))}")
    return kind(**{k: _convert(kind, k, v, types[k]) for k, v in options.items()})


def _option(part: str, text: str) -> tuple[str, str]:
    key, equals, value = part.partition("=")
    if not equals:
        raise InputError(f"pass '{text}': '{part.strip()}' is not spelled option=value")
    return key.strip(), value.strip()


def _convert(kind: type[Guest], key: str, value: Any, hint: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        if hint in (int, str, float):
            return hint(value)
        if hint is bool:
            return {"true": True, "1": True, "false": False, "0": False}[value.lower()]
        return None if value.lower() == "none" else float(value)
    except (ValueError, KeyError):
        raise InputError(f"pass {kind.name}: '{value}' is no value for {key}") from None


def learned(group: Group) -> bool:
    """Whether the group holds a slice of some learned matrix, kernel or table."""
    return any(is_matrix(site.tensor) for site in group.members)


def is_matrix(tensor: gs.Constant) -> bool:
    """Whether a stored tensor is a matrix, kernel or table of numbers, quantised ones included."""
    kind, size = tensor.dtype.kind, tensor.dtype.itemsize
    return len(tensor.shape) > 1 and (kind in "fV" or (kind in "iu" and size == 1))
