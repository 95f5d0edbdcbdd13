"""What a model is calibrated and judged on, and what it does there: activations of its layers, and their moments."""

from onnxprune.calibration.activations import Activation, Activations, collect
from onnxprune.calibration.block import Block, blocks
from onnxprune.calibration.columns import columns, count_positions, outputs
from onnxprune.calibration.cutting import BATCH
from onnxprune.calibration.data import Data
from onnxprune.calibration.gradients import Gradients
from onnxprune.calibration.layer import Layer, layers
from onnxprune.calibration.likeness import Likeness, compare_blocks
from onnxprune.calibration.moments import CrossMoments, Moments
from onnxprune.calibration.opening import MADE_UP, NOTHING, open_data
from onnxprune.calibration.part import Part, part_of
from onnxprune.calibration.quantising import Quantisation, Quantised, check_quantisation, quantise
from onnxprune.calibration.samples import Sample, Samples
from onnxprune.calibration.shelf import shelved, shelved_arrays
from onnxprune.calibration.trials import Opened, Trials

__all__ = [
    "BATCH",
    "MADE_UP",
    "NOTHING",
    "Activation",
    "Activations",
    "Block",
    "CrossMoments",
    "Data",
    "Gradients",
    "Layer",
    "Likeness",
    "Moments",
    "Opened",
    "Part",
    "Quantisation",
    "Quantised",
    "Sample",
    "Samples",
    "Trials",
    "blocks",
    "check_quantisation",
    "collect",
    "columns",
    "compare_blocks",
    "count_positions",
    "layers",
    "open_data",
    "outputs",
    "part_of",
    "quantise",
    "shelved",
    "shelved_arrays",
]
