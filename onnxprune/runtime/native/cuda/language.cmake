# ONNXPRUNE_WITH_CUDA: whether the CUDA kernels are built. A build with a sanitizer has none, unless asked for them.

set(ONNXPRUNE_CUDA AUTO CACHE STRING "the CUDA kernels: ON, OFF, or AUTO: where there is a CUDA compiler")
set_property(CACHE ONNXPRUNE_CUDA PROPERTY STRINGS AUTO ON OFF)

if(ONNXPRUNE_CUDA STREQUAL "AUTO")
  include(CheckLanguage)
  if(NOT ONNXPRUNE_SANITIZE)
    check_language(CUDA)
  endif()
  set(ONNXPRUNE_WITH_CUDA ${CMAKE_CUDA_COMPILER})
else()
  set(ONNXPRUNE_WITH_CUDA ${ONNXPRUNE_CUDA})
endif()
if(ONNXPRUNE_WITH_CUDA)
  set(CMAKE_CUDA_STANDARD 17)
  set(CMAKE_CUDA_STANDARD_REQUIRED ON)
  if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
    set(CMAKE_CUDA_ARCHITECTURES "80-real;90")  # newer ones translate what is there for 9.0
  endif()
  enable_language(CUDA)
endif()
