// Package live counts the objects of a C library of each kind that exist, so that tests
// fail where some are left over. It counts in builds with the tag leakcheck, and costs
// nothing in others.
package live
