"""Ops of ONNX Runtime that can't be pruned through: one reason for each kind."""

from onnxprune.coupling.grounds import Ground, Reason
from onnxprune.coupling.rule import refuse, refuse_domain

CONTRIB = "com.microsoft"

LAID_OUT = Reason(
    "ONNX Runtime has laid its weights out in blocks of channels for one kind of processor, and what they were before "
    "could not be told (give the model as it was before, or optimised at the level 'extended')",
    Ground.FUSED,
)
ON_GPU = Reason(
    "ONNX Runtime runs it on GPUs alone, where nothing could be proved (give the model as it was before it was "
    "optimised for a GPU)",
    Ground.FUSED,
)
DECODING = Reason("it decodes step by step, with beams, rather than computing layer by layer", Ground.MIXED)
CACHED = Reason("it reads and writes a cache that is laid out for decoding", Ground.FUSED)

refuse_domain("com.microsoft.nchwc", LAID_OUT)
refuse(
    ON_GPU,
    *(
        "BiasAdd BiasDropout BiasSoftmax BiasSplitGelu GatedRelativePositionBias GemmFastGelu GemmFloat8 GroupNorm "
        "LongformerAttention NhwcConv NhwcFusedConv PackedAttention PackedMultiHeadAttention PagedAttention "
        "QLinearReduceMean QOrderedAttention QOrderedGelu QOrderedLayerNormalization QOrderedLongformerAttention "
        "QOrderedMatMul RelativePositionBias RemovePadding RestorePadding SkipGroupNorm"
    ).split(),
    domain=CONTRIB,
)
refuse(DECODING, *"BeamSearch GreedySearch NGramRepeatBlock Sampling WhisperBeamSearch".split(), domain=CONTRIB)
refuse(CACHED, *"DecoderAttention DecoderMaskedMultiHeadAttention DecoderMaskedSelfAttention".split(), domain=CONTRIB)
refuse(
    Reason("its weights are packed for ONNX Runtime's kernels (give the model before it was quantised)", Ground.FUSED),
    *"DynamicQuantizeLSTM MatMulBnb4 MatMulFpQ4 QEmbedLayerNormalization QMoE".split(),
    domain=CONTRIB,
)
