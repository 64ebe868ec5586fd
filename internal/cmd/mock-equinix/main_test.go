package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"strings"
	"testing"
)

func TestExitStatus_TellsErrorsApart(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		err    error
		status int
		stderr string
	}{
		"none":  {nil, 0, ""},
		"help":  {flag.ErrHelp, 0, ""},
		"usage": {fmt.Errorf("wrapped: %w", usageError{errors.New("bad flag")}), 2, "mock-equinix: wrapped: bad flag\nRun mock-equinix -help"},
		"other": {errors.New("no port"), 1, "mock-equinix: no port\n"},
	} {
		var stderr bytes.Buffer
		if status := exitStatus(test.err, &stderr); status != test.status {
			t.Errorf("%s: status %d, want %d", name, status, test.status)
		}
		if got := stderr.String(); !strings.HasPrefix(got, test.stderr) || (test.stderr == "") != (got == "") {
			t.Errorf("%s: stderr %q, want %q", name, got, test.stderr)
		}
	}
}
