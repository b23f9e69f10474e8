"""python3 -m cluster, as scripts/cluster does."""
import sys

from .command import main

sys.exit(main())
