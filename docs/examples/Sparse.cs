// A model with sparse weights in ONNX Runtime, from C#. Packages: Microsoft.ML.OnnxRuntime 1.23 or newer.
//
//     Sparse LIBRARY MODEL ROWS COLUMNS      the input `x` is ROWS by COLUMNS ones
using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

class Sparse
{
    static void Main(string[] words)
    {
        string library = words[0], model = words[1];
        int[] shape = { int.Parse(words[2]), int.Parse(words[3]) };

        using var options = new SessionOptions();
        options.RegisterCustomOpLibrary(library); // weights that are packed in the file

        OrtEnv environment = OrtEnv.Instance(); // dense weights with zeros: the provider in front of the CPU's
        environment.RegisterExecutionProviderLibrary("onnxprune", library);
        var devices = environment.GetEpDevices().Where(device => device.EpName == "OnnxPruneExecutionProvider").ToList();
        options.AppendExecutionProvider(environment, devices, new Dictionary<string, string> { ["min_gain"] = "1.2" });

        using var session = new InferenceSession(model, options);
        var x = new DenseTensor<float>(Enumerable.Repeat(1f, shape[0] * shape[1]).ToArray(), shape);
        using var results = session.Run(new[] { NamedOnnxValue.CreateFromTensor("x", x) });
        Console.WriteLine(results.First().AsTensor<float>().Sum());
    }
}
