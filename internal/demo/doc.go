// Package demo holds what the ndflow demo needs around the model: it makes the
// input and judges the output of basic-pitch, a published model that hears
// which notes are played in a recording.
//
//	Tune ──Synthesize──> samples ──Windows──> [n, 43844, 1] ──┐
//	 │                                                      model
//	 │                   Decode <── [frames, 88] <──Unwrap ───┘
//	 │                     │
//	 └──────Compare────────┴──> Score ──> table, PianoRoll
//
// The truth is known, since the demo plays the tune itself. So a reader sees
// whether the numbers that came out of TensorFlow are right, not only that
// some came.
//
// The model hears windows of about two seconds that overlap, and gives one row
// for every 256 samples and one column for each of a piano's 88 keys. The
// files windows.go and decode.go say how rows become seconds.
package demo
