import pytest

from onnxprune.coupling.notation import (
    Axis,
    Factors,
    Letter,
    NotationError,
    Number,
    Run,
    Segments,
    letters,
    parse,
    parse_axis,
)
from onnxprune.coupling.spec import Length, Spec

A, B, C = Letter("a"), Letter("b"), Letter("c")


@pytest.mark.parametrize(
    ("text", "axis"),
    [
        ("a", A),
        ("s10", Letter("s10")),
        ("1", Number(1)),
        ("32", Number(32)),
        ("(a b)", Factors((A, B))),
        ("(a + b)", Segments((A, B))),
        ("(a + b c)", Segments((A, Factors((B, C))))),
        ("((a + b) c)", Factors((Segments((A, B)), C))),
        ("(a (b + 1 + c))", Factors((A, Segments((B, Number(1), C))))),
        ("(a)", A),
        ("((a b))", Factors((A, B))),
        (" ( a+b ) ", Segments((A, B))),
    ],
)
def test_one_axis(text: str, axis: Axis) -> None:
    assert parse_axis(text) == axis


def test_a_whole_rule() -> None:
    pattern = parse("n (g i) *, _, ... k -> n (g o) *, , ... *")
    n, g, i, k, o = map(Letter, "ngiko")
    assert pattern.inputs == ((n, Factors((g, i)), Run("*")), None, (Run("..."), k))
    assert pattern.outputs == ((n, Factors((g, o)), Run("*")), (), (Run("..."), Run("*")))


def test_operands_of_rank_0_and_none_at_all() -> None:
    assert parse(" -> *") == parse("-> *")
    assert parse("-> *").inputs == ()
    assert parse(", a ->").inputs == ((), (A,))
    assert parse(", a ->").outputs == ((),)


def test_letters_come_in_order() -> None:
    assert letters(parse_axis("(b (a + 1 + c) 4)")) == ("b", "a", "c")
    assert letters(Number(4)) == letters(Run("*")) == ()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a b", "no '->' in rule 'a b'"),
        ("a & b -> c", r"can't read ' & b' in 'a & b'"),
        ("(a b -> c", r"unclosed bracket in '\(a b'"),
        ("a) -> c", r"unexpected '\)' in 'a\)'"),
        ("a + b -> c", r"unexpected '\+' in 'a \+ b'"),
        ("() -> c", "brackets hold"),
        ("(a +) -> c", "brackets hold"),
        ("(... a) -> c", "brackets hold"),
        ("a _ -> c", "unexpected '_'"),
        ("... *, a -> c", "too many runs"),
        ("* c * -> c", "too many runs"),
        ("a -> ... ...", "too many runs"),
    ],
)
def test_what_is_no_notation_is_refused(text: str, reason: str) -> None:
    with pytest.raises(NotationError, match=reason):
        parse(text)


@pytest.mark.parametrize("text", ["", "a b", "_", "*", "..."])
def test_not_one_axis(text: str) -> None:
    with pytest.raises(NotationError, match="is not one axis"):
        parse_axis(text)


def test_a_spec_prints_its_notes() -> None:
    spec = Spec(
        "a b, _ -> o p",
        sizes={"o": 2},
        inexact={"b": "why"},
        locked={"a": "why"},
        ties=((("a", "b"), ("o", "p")),),
        alike={"k": "a"},
        lengths=(Length(1, ("o", None)), Length("group", ("p",))),
    )
    assert str(spec) == "a b, _ -> o p   | o = 2, (a b) = (o p), k = a, inexact b, locked a, operand 1 = o _, group = p"
    assert str(Spec("... -> ...")) == "... -> ..."
