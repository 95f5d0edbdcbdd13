from itertools import islice, pairwise

from onnxprune.runtime import Clocks, Effort
from onnxprune.runtime.pairs import pairs, renewed


class Machine:
    """Two calls that take a second and two on a clock of their own; processor time runs half as fast."""

    def __init__(self):
        self.now = 0.0
        self.log = []

    def call(self, name, seconds):
        def run():
            self.log.append(name)
            self.now += seconds

        return run

    def pairs(self, effort, **more):
        clocks = Clocks(wall=lambda: self.now, cpu=lambda: self.now / 2)
        return pairs(self.call("a", 1.0), self.call("b", 2.0), effort, clocks=clocks, **more)


def test_pairs_are_in_the_calls_order_whichever_ran_first():
    machine = Machine()
    assert list(machine.pairs(Effort(rounds=50, warmup=0, max_seconds=1e6))) == [(1.0, 2.0)] * 50
    assert list(machine.pairs(Effort(rounds=5, warmup=0, max_seconds=1e6), processor=True)) == [(0.5, 1.0)] * 5


def test_every_run_comes_after_one_of_the_other():
    machine = Machine()
    list(machine.pairs(Effort(rounds=200, warmup=0, max_seconds=1e6)))
    assert all(one != next_ for one, next_ in pairwise(machine.log))
    assert 450 < len(machine.log) < 550  # every second pair has an untimed run before it


def test_the_order_is_drawn_by_the_seed():
    logs = []
    for seed in (0, 0, 1):
        machine = Machine()
        list(machine.pairs(Effort(rounds=20, warmup=0, max_seconds=1e6), seed=seed))
        logs.append("".join(machine.log))
    assert logs[0] == logs[1] != logs[2]


def test_they_end_by_count_by_time_or_when_nobody_asks():
    machine = Machine()
    assert len(list(machine.pairs(Effort(rounds=1000, warmup=0, max_seconds=30.0)))) < 12
    assert list(machine.pairs(Effort(rounds=10, warmup=0, max_seconds=0.0))) == []
    machine = Machine()
    list(islice(machine.pairs(Effort(rounds=1000, warmup=2)), 3))
    assert len(machine.log) <= 4 + 3 * 3


def test_short_calls_are_repeated():
    machine = Machine()
    (pair,) = machine.pairs(Effort(rounds=1, warmup=1, min_seconds=4.0))
    assert pair == (1.0, 2.0)
    assert (machine.log.count("a"), machine.log.count("b")) in {(5, 3), (6, 3), (5, 4)}


def made(machine, name, log, seconds):
    """A making, on the machine's clock, of a call; every odd one is of a call that is twice as slow."""

    def make():
        log.append(name)
        machine.now += 1.0
        return machine.call(name, seconds * (2 if len(log) % 2 else 1))

    return make


def test_calls_are_made_anew_in_random_order():
    machine, log = Machine(), []
    clocks = Clocks(wall=lambda: machine.now, cpu=lambda: machine.now / 2)
    makes = [made(machine, name, log, seconds) for name, seconds in (("a", 0.01), ("b", 0.02))]
    found = list(renewed(*makes, Effort(rounds=40, warmup=1, min_seconds=0.0, max_seconds=1e6), clocks=clocks))
    assert len(found) == 40 and log.count("a") == log.count("b") == 40
    assert {round(new / base) for base, new in found} == {1, 4}  # the first that is made is the slow one, by turns
    assert 8 < sum(round(new / base) == 1 for base, new in found) < 32
    assert machine.now < 40 * 2 * 2.2 + 40  # about as long as the making takes


def test_slow_calls_are_made_once_and_every_pair_counts():
    machine, log = Machine(), []
    clocks = Clocks(wall=lambda: machine.now, cpu=lambda: machine.now / 2)
    makes = [made(machine, name, log, 1.0) for name in "ab"]
    found = list(renewed(*makes, Effort(rounds=1000, warmup=1, max_seconds=100.0), clocks=clocks))
    assert sorted(log) == ["a", "b"] and 20 < len(found) < 35


def test_a_making_without_enough_pairs_says_nothing():
    machine, log = Machine(), []
    clocks = Clocks(wall=lambda: machine.now, cpu=lambda: machine.now / 2)
    makes = [made(machine, name, log, 0.01) for name in "ab"]
    assert list(renewed(*makes, Effort(rounds=9, warmup=1, min_seconds=0.0, max_seconds=2.05), clocks=clocks)) == []
