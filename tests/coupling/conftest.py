from onnxprune.coupling.analysis import Analysis
if 'defects' not in Analysis.__slots__: Analysis.defects=[]
