# SPDX-License-Identifier: Apache-2.0
## check-types     hold the type files against AWS's models, as botocore carries them
.PHONY: check-types
check-types:
	$(Q)$(PYTHON) tests/types/check_types.py --notes
