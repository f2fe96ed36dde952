// The two functions of libFuzzer that a program with a `main` of its own calls (compiler-rt, FuzzerInterface.h). The library comes with
// the compiler: -sanitize=fuzzer.
#pragma once

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*callback)(const uint8_t *data, size_t size));
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t capacity);
