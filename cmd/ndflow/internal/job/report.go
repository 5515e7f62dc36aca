package job

import (
	"fmt"
	"time"
)

// report says how the results were come by.
func (s *steps) report(took time.Duration) error {
	if s.Batch != 0 {
		s.Log("ran %s in %s: batches of %d, %s, executor %v",
			count(s.done, "step"), round(took), s.chosen.Batch, count(s.chosen.Workers, "worker"), s.chosen.Executor)
	} else {
		e, err := s.runner.Executor()
		if err != nil {
			return err
		}
		if s.stats, err = s.runner.Stats(); err != nil {
			return err
		}
		s.Log("ran %s in %s, executor %v", count(s.done, "step"), round(took), e)
	}
	for _, out := range s.stats.Outputs {
		why := ""
		if out.Why != "" {
			why = ": " + out.Why
		}
		s.Log("output %q: placed %d times, copied %d times, kept %d times%s", out.Name, out.Placed, out.Copied, out.Kept, why)
	}
	return nil
}

// tellFailures records the batches that were left out, and says that there are
// some.
func (s *steps) tellFailures(files *files) error {
	rows, where := 0, ""
	for _, f := range s.failed {
		rows += f.Hi - f.Lo
	}
	if s.SkipErrors && len(files.list) > 0 {
		record := skippedFile(files.list[0])
		if err := writeFailures(record, s.failed); err != nil {
			return err
		}
		where = "; they are recorded in " + record
	}
	if rows > 0 {
		s.Note("%s of %d failed and are zero%s", count(rows, "row"), s.chosen.Rows, where)
	}
	return nil
}

// round makes a time readable.
func round(d time.Duration) time.Duration {
	switch {
	case d > time.Second:
		return d.Round(10 * time.Millisecond)
	case d > time.Millisecond:
		return d.Round(10 * time.Microsecond)
	}
	return d.Round(10 * time.Nanosecond)
}

// count puts a number before a word, "1 step", "3 steps".
func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
