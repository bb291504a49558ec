"""Labs, accreditations, instruments, calibration, test items, standards, dated fees, search."""
