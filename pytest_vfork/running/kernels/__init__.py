# SPDX-License-Identifier: MIT
"""Kernels to run programs on: where they come from, how a guest is made of one, and what each has shown."""
