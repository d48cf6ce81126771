# SPDX-License-Identifier: MIT
"""What `pytest --pyargs pytest_vfork.conformance` names: the whole suite, wherever it lies (plugin/collection.py)."""
