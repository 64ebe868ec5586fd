// Mock-equinix serves a mock of Equinix's OAuth2 token endpoint, and of an API
// that takes its tokens, on a loopback address.
//
// It prints its URL as the first line of standard output, and serves until it
// is interrupted. Run it with -help for its flags; what it answers is described
// in the package accesstokentest.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := exitStatus(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr), os.Stderr)
	stop()
	os.Exit(status)
}

// usageError is a mistake in the arguments.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }

func (e usageError) Unwrap() error { return e.err }

// exitStatus returns the exit status for what run returned, and explains it on
// stderr.
func exitStatus(err error, stderr io.Writer) int {
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return 0
	}
	_, _ = fmt.Fprintln(stderr, "mock-equinix:", err)
	if errors.As(err, new(usageError)) {
		_, _ = fmt.Fprintln(stderr, "Run mock-equinix -help for its usage.")
		return 2
	}
	return 1
}
