package bench

// unknown is what a claim's Verdict returns where something was not timed.
func unknown() (measured, verdict string) {
	return "not measured", "it takes a full run with all peers to tell"
}

// judge is one of two verdicts.
func judge(holds bool, yes, no string) string {
	if holds {
		return yes
	}
	return no
}
