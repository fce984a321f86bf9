"""Triton kernels of the live engine: plain functions over tensors, one file per operation. They know no engine."""
