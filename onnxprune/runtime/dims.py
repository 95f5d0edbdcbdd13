"""Concrete shapes for inputs with dynamic axes: one value for a symbol, wherever it stands."""

from collections.abc import Iterator, Mapping, Sequence

from onnxprune.errors import InputError
from onnxprune.runtime import expression
from onnxprune.runtime.axes import InputSpec, Sizes, kind_of_place, kind_of_symbol, length_of


def concrete_shapes(
    specs: Sequence[InputSpec], *, dims: Mapping[str, int] | None = None, sizes: Sizes | None = None
) -> dict[str, tuple[int, ...]]:
    """The shape of every input, by name.

    `dims` gives lengths by symbol, or by `input:axis`, and goes before every guess. A symbol that is an
    expression of others is computed; a `total` length is past plus sequence. Raises InputError if `dims`
    names a dynamic axis that isn't there.
    """
    given = dict(dims or {})
    _check(specs, given)
    return _Shapes(specs, given, sizes or Sizes()).all()


class _Shapes:
    def __init__(self, specs: Sequence[InputSpec], given: dict[str, int], sizes: Sizes) -> None:
        self._specs, self._given, self._sizes = specs, given, sizes
        self._lengths = {symbol: given[symbol] for _, _, symbol in _symbols(specs) if symbol in given}
        for spec, axis, symbol in _symbols(specs):
            if _place(spec, axis) in given:
                self._lengths.setdefault(symbol, given[_place(spec, axis)])
        derived = [symbol for _, _, symbol in _symbols(specs) if _is_derived(symbol)]
        for spec, axis, symbol in _symbols(specs):
            if symbol not in derived and symbol not in self._lengths:
                self._lengths[symbol] = self._guess(spec, axis, kind_of_symbol(symbol))
        for symbol in derived:
            if symbol not in self._lengths:
                self._lengths[symbol] = self._derive(symbol)

    def all(self) -> dict[str, tuple[int, ...]]:
        return {s.name: tuple(self._length(s, axis) for axis in range(len(s.shape))) for s in self._specs}

    def _length(self, spec: InputSpec, axis: int) -> int:
        dim = spec.shape[axis]
        if isinstance(dim, int):
            return dim
        if isinstance(dim, str):
            return self._lengths[dim]
        given = self._given.get(_place(spec, axis))
        return self._guess(spec, axis, None) if given is None else given

    def _guess(self, spec: InputSpec, axis: int, kind: str | None) -> int:
        return length_of(kind or kind_of_place(spec, axis), spec, self._sizes)

    def _derive(self, symbol: str) -> int:
        parsed = expression.parse(symbol)
        if parsed is not None:
            return expression.evaluate(parsed, self._lookup)
        known = {kind_of_symbol(other): length for other, length in reversed(self._lengths.items())}
        return known.get("past", 0) + known.get("sequence", self._sizes.sequence)

    def _lookup(self, name: str) -> int:
        """A name in an expression need not be the symbol of any axis."""
        if name in self._lengths:
            return self._lengths[name]
        return length_of(kind_of_symbol(name) or "sequence", InputSpec(name, "", ()), self._sizes)


def _symbols(specs: Sequence[InputSpec]) -> Iterator[tuple[InputSpec, int, str]]:
    for spec in specs:
        for axis, dim in enumerate(spec.shape):
            if isinstance(dim, str):
                yield spec, axis, dim


def _place(spec: InputSpec, axis: int) -> str:
    return f"{spec.name}:{axis}"


def _is_derived(symbol: str) -> bool:
    is_total = "total" in symbol.lower() and kind_of_symbol(symbol) == "sequence"
    return is_total or expression.parse(symbol) is not None


def _check(specs: Sequence[InputSpec], given: Mapping[str, int]) -> None:
    symbols = {symbol for _, _, symbol in _symbols(specs)}
    places = {_place(s, axis) for s in specs for axis, dim in enumerate(s.shape) if not isinstance(dim, int)}
    for name, length in given.items():
        if name not in symbols | places:
            known = ", ".join(sorted(symbols or places)) or "none"
            raise InputError(f"the model has no dynamic axis {name!r}: its dynamic axes are {known}")
        if length < 0:
            raise InputError(f"the length of the axis {name!r} must not be negative, but is {length}")
