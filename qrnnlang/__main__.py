"""`python -m qrnnlang` is `qrnnc`."""

import sys

from .cli.main import main

sys.exit(main())
