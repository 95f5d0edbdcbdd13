from onnxprune.runtime import Clocks, Effort, interleave


class Machine:
    """Calls that take as long as they are told, on a clock of their own; processor time runs half as fast."""

    def __init__(self):
        self.now = 0.0
        self.log = []

    def call(self, name, seconds, drift=0.0):
        def run():
            self.log.append(name)
            self.now += seconds + drift * self.now

        return run

    def clocks(self):
        return Clocks(wall=lambda: self.now, cpu=lambda: self.now / 2)


def test_order_turns_around_every_round():
    machine = Machine()
    calls = [machine.call(name, 1.0) for name in "abc"]
    samples = interleave(calls, Effort(rounds=3, warmup=0), clocks=machine.clocks())
    assert "".join(machine.log) == "abccbaabc"
    assert [sample.wall for sample in samples] == [(1.0, 1.0, 1.0)] * 3
    assert [sample.cpu for sample in samples] == [(0.5, 0.5, 0.5)] * 3


def test_a_drift_cancels_out_between_the_calls():
    machine = Machine()
    calls = [machine.call(name, 1.0, drift=0.001) for name in "ab"]
    first, second = interleave(calls, Effort(rounds=2, warmup=0), clocks=machine.clocks())
    assert first.wall[0] < second.wall[0]
    assert abs(sum(first.wall) / sum(second.wall) - 1) < 1e-5


def test_warm_up_is_not_timed():
    machine = Machine()
    interleave([machine.call("a", 1.0)], Effort(rounds=3, warmup=4), clocks=machine.clocks())
    assert len(machine.log) == 7


def test_short_calls_are_repeated_until_a_sample_is_long_enough():
    machine = Machine()
    calls = [machine.call("a", 0.25), machine.call("b", 2.0)]
    effort = Effort(rounds=1, warmup=1, min_seconds=1.0)
    samples = interleave(calls, effort, clocks=machine.clocks())
    assert machine.log.count("a") == 1 + 4
    assert machine.log.count("b") == 1 + 1
    assert samples[0].wall == (0.25,)


def test_time_runs_out_after_three_rounds_at_least():
    machine = Machine()
    effort = Effort(rounds=100, warmup=0, max_seconds=5.5)
    (sample,) = interleave([machine.call("a", 1.0)], effort, clocks=machine.clocks())
    assert len(sample.wall) == 6
    (slow,) = interleave([machine.call("b", 60.0)], effort, clocks=machine.clocks())
    assert len(slow.wall) == 3


def test_progress_counts_rounds():
    machine, told = Machine(), []
    interleave(
        [machine.call("a", 1.0)],
        Effort(rounds=3, warmup=0),
        clocks=machine.clocks(),
        progress=lambda done, total: told.append((done, total)),
    )
    assert told == [(1, 3), (2, 3), (3, 3)]
