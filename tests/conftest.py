"""Set-up of all tests."""

import os

# The test models are tiny: threads cost more than they gain, the more so on a busy machine.
os.environ.setdefault("OMP_NUM_THREADS", "1")
