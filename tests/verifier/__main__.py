"""`python3 -m verifier FILE...`"""

import sys

from verifier.main import main

sys.exit(main(sys.argv[1:]))
