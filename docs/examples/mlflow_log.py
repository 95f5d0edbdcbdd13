"""Log a pruning to MLflow: python mlflow_log.py model.onnx small.onnx report [calib.npz]"""

import sys
from pathlib import Path

import mlflow
import onnx

import onnxprune
from onnxprune.report import write

dense, small, folder = (Path(word) for word in sys.argv[1:4])
data = sys.argv[4] if len(sys.argv) > 4 else None

with mlflow.start_run(run_name="prune"):
    options = onnxprune.Options(target=onnxprune.Target("macs", 0.5), calibration=data)
    result = onnxprune.optimize(dense, small, options)
    record = onnxprune.summarize(result)
    folder.mkdir(parents=True, exist_ok=True)
    write(folder, result, record)
    mlflow.log_params(
        {
            "target": "macs=0.5",
            "criterion": options.scored_by,
            "budget": options.shared_by,
            "repair": options.repaired_by,
            "source": record.source.sha256,
        }
    )
    metrics = {
        "params": record.after.params,
        "macs": record.after.macs,
        "bytes": record.after.bytes,
        "macs_left": record.after.macs / record.before.macs,
        "target_met": float(result.met),
    }
    if record.latency is not None:
        metrics["latency_ms"] = 1000 * record.latency.after.median
        metrics["speedup"] = record.latency.speedup.value
    if record.fidelity is not None:
        metrics["cosine"] = record.fidelity.worst.cosine
    mlflow.log_metrics(metrics)
    mlflow.set_tag("proof", record.proof.status)
    mlflow.log_artifacts(str(folder), "report")
    mlflow.onnx.log_model(onnx.load(small), name="model")
