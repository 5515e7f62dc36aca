// Package mutation shows that the tests of package cuda find what they are there to
// find. Its own test builds cuda with mistakes in it, one of which an environment
// variable turns on: memory that is freed too early, a length that is wrong, an
// order that is missing. With each of them cuda's tests must die, by the fake
// driver's own words.
package mutation
