// The project's own declarations. It has no include guard and includes nothing of its own accord but its parts:
// abi/check_abi.cpp reads it within a namespace, beside the real headers.

#ifdef _WIN32
#define ABI_CALL __stdcall
#define ABI_PATH wchar_t
#else
#define ABI_CALL
#define ABI_PATH char
#endif

// A table; a member of it that is called; a run of members that are not, those with the numbers `first` to `next - 1`.
#define ABI_STRUCT(name) struct name
#define ABI_MEMBER(result, name, ...) result(ABI_CALL* name)(__VA_ARGS__)
#define ABI_SKIP(first, next) void* skipped_##first[(next) - (first)]

#include "abi/types.h"
// after the types
#include "abi/api.h"
#include "abi/custom_op.h"
#include "abi/later.h"
#include "abi/provider.h"

#undef ABI_STRUCT
#undef ABI_MEMBER
#undef ABI_SKIP
