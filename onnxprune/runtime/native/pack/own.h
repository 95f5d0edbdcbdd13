// A weight of one's own, where the arrays it was given in won't stay.
#pragma once

#include "pack/storage.h"

namespace onnxprune {

// packed: as check() lets it pass. The index of blocks becomes int32.
Storage own(const Packed& packed);

}  // namespace onnxprune
