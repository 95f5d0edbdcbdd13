"""How long work tells how far it is."""

from onnxprune.progress import Stage, Steps, counted, inside


def test_stages_are_text_that_knows_how_far_it_is() -> None:
    stage = counted("repairing layer", 2, 40)
    assert (stage, stage.done, stage.total) == ("repairing layer 3 of 40", 2, 40)


def test_parts_are_told_under_their_name() -> None:
    told: list[str] = []
    progress = inside(told.append, "round 1")
    progress("loading")
    progress(counted("layer", 0, 2))
    assert told == ["round 1: loading", "round 1: layer 1 of 2"]
    assert [(s.done, s.total) for s in told if isinstance(s, Stage)] == [(0, 0), (0, 2)]


def test_steps_are_told_before_each() -> None:
    told: list[str] = []
    step = Steps(told.append, "running", 3)
    assert list(step.each("abc")) == ["a", "b", "c"]
    assert [(str(s), s.done, s.total) for s in told if isinstance(s, Stage)] == [("running", k, 3) for k in range(3)]
