# SPDX-License-Identifier: MIT
import sys

from .driver import main

sys.exit(main())
