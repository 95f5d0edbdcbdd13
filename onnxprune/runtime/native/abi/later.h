// A member of the function table that is newer than the rest, by its place: older runtimes don't have it.

// From version 24 on: a tensor's element type, and its shape where it lies.
constexpr size_t kShapeReferencePlace = 414;
using ShapeReference = OrtStatus*(ABI_CALL*)(const OrtValue*, ONNXTensorElementDataType*, const int64_t** shape,
                                             size_t* rank);
