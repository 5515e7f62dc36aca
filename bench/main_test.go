package bench

import (
	"fmt"
	"os"
	"testing"

	"ndflow/tfc"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if err := tfc.CheckLeaks(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}
