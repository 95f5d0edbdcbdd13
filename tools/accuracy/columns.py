"""What is compared: a criterion, a budget and a repair, under a name."""

from __future__ import annotations

from dataclasses import dataclass

LEVELS = (0.9, 0.8, 0.7, 0.5)
"""What may stay of the multiply-accumulates."""


@dataclass(frozen=True, slots=True)
class Column:
    """One way to prune. data: real, random, none, or unsaid, where the command line makes do; empty names: the default;
    masks: steps of mask training, 0 for none"""

    name: str
    criterion: str = ""
    budget: str = ""
    repair: str = ""
    data: str = "real"
    masks: int = 0


DEFAULT = Column("default")

COLUMNS = (
    Column("random", "random", "uniform", "none", data="none"),
    Column("magnitude", "l2", "uniform", "none", data="none"),
    Column("no data", data="none"),
    Column("wanda", "wanda", "uniform", "none"),
    Column("vbp", "variance", "uniform", "bias"),
    Column("flap", "flap", "zscore", "bias"),
    Column("kcm", "kcm", "uniform", "scale"),
    Column("magnitude, refit", "l2", "uniform", "sequential"),
    Column("global magnitude, refit", "magnitude", "threshold", "sequential"),
    Column("flap, refit", "flap", "global", "sequential"),
    Column("taylor", "taylor", "knapsack", "none"),
    Column("mask gradient", "taylor_act", "knapsack", "none"),
    Column("llm-pruner", "llm_pruner", "knapsack", "none"),
    Column("hap", "hap", "knapsack", "none"),
    Column("gblm", "gblm", "knapsack", "none"),
    Column("fisher", "fisher", "knapsack", "none"),
    Column("fisher block", "fisher_block", "knapsack", "none"),
    Column("taylor, refit", "taylor", "knapsack", "sequential"),
    Column("fisher block, refit", "fisher_block", "knapsack", "sequential"),
    Column("obs, uniform", "obs", "uniform", "sequential"),
    Column("obs, value", "obs", "value", "sequential"),
    Column("obs, no data", "obs", "value", "sequential", data="none"),
    Column("obs, knapsack", "obs", "knapsack", "sequential"),
    Column("default, no repair", repair="none"),
    Column("random inputs", data="random"),
    Column("nothing said", data="unsaid"),
    DEFAULT,
    Column("masks", masks=300),
)
"""Random choice and plain magnitude are always among them; then published ways, and what makes up the default."""
