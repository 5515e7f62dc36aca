package floatstate

// Upward is a state in which sums are rounded upward, no exception traps, denormals
// are kept, and the flag of inexact results is up.
const Upward uint32 = 0x1f80 | 2<<13 | 0x20
