"""`python -m qrnnlang.cli`, the same as `qrnnc`."""

import sys

from .main import main

sys.exit(main())
