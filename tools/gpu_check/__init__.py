"""The CUDA kernels on this machine's GPU: built, proved and measured in one go."""
