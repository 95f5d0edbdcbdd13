#include "plugin/sparse_matmul/weight.h"

#include "plugin/sparse_matmul/operator.h"

namespace onnxprune::plugin {
namespace {

int64_t integer(const Api& api, const OrtKernelInfo* info, const char* name) {
  int64_t value = 0;
  if (!api.ok(api->KernelInfoGetAttribute_int64(info, name, &value))) {
    throw Failure(std::string("the attribute '") + name + "' is missing");
  }
  return value;
}

// Leaves the two numbers alone where there is no such attribute.
void pair(const Api& api, const OrtKernelInfo* info, const char* name, int64_t* values) {
  int64_t read[2] = {};
  size_t count = 0;
  if (!api.ok(api->KernelInfoGetAttributeArray_int64(info, name, nullptr, &count))) return;
  if (count != 2 || !api.ok(api->KernelInfoGetAttributeArray_int64(info, name, read, &count))) {
    throw Failure(std::string("the attribute '") + name + "' needs two numbers");
  }
  values[0] = read[0], values[1] = read[1];
}

IndexType index_type(const Tensor& index) {
  switch (index.type) {
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8:
      return IndexType::u8;
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT16:
      return IndexType::u16;
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32:
      return IndexType::i32;
    default:
      throw Failure("the index must be uint8, uint16 or int32");
  }
}

void check_values(const Tensor& values, const Packed& weight) {
  const int64_t per_block = weight.grouped() ? 1 : weight.block_size();
  if (values.shape.elements() != weight.stored * per_block) {
    throw Failure("there are " + std::to_string(weight.stored) + " indices, but values of shape " +
                  values.shape.text());
  }
}

void read_scales(const Tensor& scales, Packed* weight) {
  if (weight->dtype != WeightType::int8) return;
  if (scales.shape.elements() != weight->n || !scales.data) throw Failure("int8 values need a scale for every output");
  weight->scales = scales.as<float>("scales");
}

void read_pointer(const Tensor& pointer, Packed* weight) {
  if (weight->grouped()) return;
  if (pointer.shape.rank != 1 || pointer.shape.at[0] != weight->strips() + 1) {
    throw Failure("the pointer needs " + std::to_string(weight->strips() + 1) + " numbers, but is of shape " +
                  pointer.shape.text());
  }
  weight->pointer = pointer.as<int32_t>("the pointer");
}

}  // namespace

WeightForm read_form(const Api& api, const OrtKernelInfo* info) {
  int64_t version = kFormatVersion;
  api.ok(api->KernelInfoGetAttribute_int64(info, "version", &version));
  if (version != kFormatVersion) {
    throw Failure("it is of version " + std::to_string(version) + ", which this plug-in doesn't know yet");
  }
  WeightForm form;
  form.k = integer(api, info, "k");
  form.n = integer(api, info, "n");
  pair(api, info, "block", form.block);
  pair(api, info, "group", form.group);
  for (const int64_t size : {form.k, form.n, form.block[0], form.block[1]}) {
    if (size < 1 || size > INT32_MAX) throw Failure("sizes must be between 1 and 2^31 - 1");
  }
  return form;
}

Weight::Weight(const WeightForm& form, const Arrays& arrays) {
  packed_.k = form.k, packed_.n = form.n;
  packed_.block_out = form.block[0], packed_.block_in = form.block[1];
  packed_.kept = form.group[0], packed_.group = form.group[1];
  packed_.index_type = index_type(arrays.index);
  packed_.index = arrays.index.data;
  packed_.stored = arrays.index.shape.elements();
  check_values(arrays.values, packed_);
  if (arrays.values.type == ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8) {
    packed_.dtype = WeightType::int8;
    packed_.values = arrays.values.as<int8_t>("values");
  } else {
    values_ = Floats(arrays.values, "values");
    packed_.values = values_.data();
  }
  read_scales(arrays.scales, &packed_);
  read_pointer(arrays.pointer, &packed_);
}

}  // namespace onnxprune::plugin
