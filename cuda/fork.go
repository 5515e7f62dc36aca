package cuda

// #include "driver.h"
import "C"

// forkedStatus is what the driver's functions return in a child of a fork, for
// tests.
func forkedStatus() C.ndc_status { return C.ndc_status{code: C.CUresult(C.ndc_fork_probe())} }
