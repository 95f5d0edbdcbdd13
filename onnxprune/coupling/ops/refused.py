"""What is known, and can't be pruned through: one reason for each kind."""

from onnxprune.coupling.rule import refuse, refuse_domain

refuse("text has no units that could go", "StringConcat", "StringNormalizer", "StringSplit", "RegexFullMatch")
refuse("its vocabulary is stored as text in an attribute", "TfIdfVectorizer")
refuse("an image is decoded from bytes, whose axes only the file knows (feed decoded images)", "ImageDecoder")
refuse(
    "a loss counts classes by their labels (export the model without its loss)",
    "NegativeLogLikelihoodLoss",
    "SoftmaxCrossEntropyLoss",
)
refuse_domain(
    "ai.onnx.ml",
    "operators of ai.onnx.ml hold features and classes in attributes, which are not pruned (prune the network around)",
)
refuse_domain("ai.onnx.preview", "operators of ai.onnx.preview may still change what they mean")
refuse_domain("ai.onnx.preview.training", "a training step updates every unit (export the model for inference)")
