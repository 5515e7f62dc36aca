// Package bench measures what people claim about TensorFlow and arrays, on the
// machine at hand: ndflow beside a loop in C, Python's TensorFlow and NumPy, and
// whatever else speaks its line protocol, in one run.
//
//	report, err := bench.Run(ctx, bench.Options{Quick: true})
//
// # How it measures
//
// A [Scenario] has cases, a [Case] peers that all do the same work. Each peer is
// set up, does the work once, and its results are compared with what is wanted; a
// peer whose results are wrong has failed and is not timed. Then it is warmed up,
// and the number of repetitions found that last 20 ms. The peers of a case, or of
// all cases of a group, are timed in rounds: each runs once in a round, in random
// order, so that a machine whose speed drifts treats all alike. A ratio is the
// median of the rounds' own, with a bootstrap interval of 95 %.
//
// # How a scenario is written
//
// Each has a file of its own, which registers it; its name is listed in order
// (scenario.go). [batching.go] is an example of all that follows.
//
//	var _ = register(&Scenario{
//	    Name: "batching", Title: ..., Work: ..., Unit: "sample", XLabel: "samples in a batch",
//	    Claims: []Claim{{Says: "up to 100 times faster", Verdict: batchingVerdict}},
//	    Cases: batchingCases,
//	})
//
// Cases(ctx, env) makes the inputs and returns the cases. It sizes them by
// env.Quick: a quick run of the scenario should take a few seconds. The time that is
// reported is that of one Unit; a repetition that does several says so by
// Case.Items. The Name of a Peer is the same in all cases, for it is a line of the
// plot; Case.X is where its point is, Case.Panel which plot of several it is in.
// Cases of one Case.Group are all set up before any is timed, so keep those of
// large arrays apart.
//
// Ratios are to Case.Floor, or to a floor of the peer's own (Peer.Against).
//
// Peers come from
//
//   - Step.Runner and Step.Floor: a signature's step by ndflow and by a loop in C;
//   - a Peer with a Setup of the scenario's own, which returns a [Work];
//   - env.Python: a work of Python's, which a function in the folder python with
//     the decorator @work prepares;
//   - env.Child: a work of ndflow's in a process of its own, which registerChild
//     names; for scenarios of whole processes (Scenario.WholeProcess), each timing
//     is one repetition in a new process, and has the measures "peak bytes" and
//     "cpu share".
//
// Case.Task says the work in the words of the line protocol: external peers are
// asked to do it. A Setup whose peer is not there returns [Missing], with how to
// get it.
//
// A claim's Verdict reads the result by names of cases and peers ([Result.Ratio],
// [PeerResult.Measure]); in a quick run, or with peers missing, some are not
// there, and it says that it cannot tell.
//
// # The line protocol
//
// A peer in another process reads requests from its stdin and writes answers to its
// stdout, each a JSON object in a line of its own; what it writes to stderr is
// shown if it fails. "ndflow bench --peer NAME=COMMAND" starts COMMAND with sh.
//
// It begins by saying that it is ready and what it is:
//
//	{"ready": 1, "name": "my binding 1.2"}
//
// It is then asked to prepare a work, perhaps several times before it is asked for
// more, each time with another id. It answers "ok"; or "missing" with the reason,
// if it cannot do such work and is to be shown as missing; or "error".
//
//	{"do": "setup", "id": 0, "work": "step", "args": {"model": "/m", "feeds": {"x": "/tmp/x.npy"}}}
//	{"ok": true}    or {"missing": "it has no strings"}    or {"error": "no file /m"}
//
// To do it n times, which is what is timed. It may add what else it has measured,
// each under a name that ends with its unit, such as "p99 ns":
//
//	{"do": "run", "id": 0, "n": 250}
//	{"ok": true}    or {"ok": true, "measures": {"p99 ns": 5100}}
//
// To write the results of the last repetition into a folder, each to a file
// NAME.npy, which are compared before anything is timed:
//
//	{"do": "results", "id": 0, "dir": "/tmp/results"}
//	{"ok": true}
//
// And to give it back:
//
//	{"do": "close", "id": 0}
//	{"ok": true}
//
// It ends when its stdin does. A peer that writes anything else to its stdout, ends,
// or takes more than five minutes for an answer has failed. In scenarios of whole
// processes each timing is of a process of its own: its start and setup are not in
// the time, but its memory is that of the whole process.
//
// The works, with their arguments:
//
//   - step: one step of the signature "signature" (serving_default if there is none)
//     of the SavedModel in the folder "model". "feeds" has files of the inputs'
//     arrays by name, which are read once. A repetition takes them from the program's
//     memory and ends with all outputs in the program's own arrays, by their names.
package bench
