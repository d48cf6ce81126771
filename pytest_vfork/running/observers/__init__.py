# SPDX-License-Identifier: MIT
"""Ways of seeing from outside. One file = one way."""
