package floatstate

// Upward is a state in which sums are rounded upward, no exception traps, and
// denormals are kept.
const Upward uint32 = 1 << 22
