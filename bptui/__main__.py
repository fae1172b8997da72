"""python -m bptui"""

import sys

from bptui.cli.main import main

sys.exit(main())
