//go:build unix

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// report is what the provider processes of a plan used.
type report struct {
	rss int64         // the largest resident set of a process, in bytes
	cpu time.Duration // of all
}

// standIn runs a provider in the place of this program, and reports what it
// used when it has ended: its parent, the CLI, would not tell.
func standIn(provider, path string) int {
	command := exec.Command(provider, os.Args[1:]...) //nolint:gosec,noctx // planbench itself names it, and the CLI ends it
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	_ = command.Run() // its exit code is passed on
	state := command.ProcessState
	usage, ok := state.SysUsage().(*syscall.Rusage)
	if !ok {
		return 1
	}
	used := report{rss: int64(usage.Maxrss), cpu: state.UserTime() + state.SystemTime()} //nolint:unconvert // 32 bits wide on some platforms
	if runtime.GOOS != "darwin" {
		used.rss <<= 10 // everyone else counts in KiB
	}
	// A plan starts a provider three times: for its schema, to validate, to plan.
	reports, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600) //nolint:gosec // planbench itself names it
	if err != nil {
		return 1
	}
	_, err = fmt.Fprintln(reports, used.rss, int64(used.cpu))
	if errors.Join(err, reports.Close()) != nil {
		return 1
	}
	return state.ExitCode()
}

// readReport adds up the reports of a plan, and removes them.
func readReport(path string) (report, error) {
	content, err := os.ReadFile(path) //nolint:gosec // planbench itself names it
	if err != nil {
		return report{}, err
	}
	var sum report
	for line := range strings.Lines(string(content)) {
		var one report
		if _, err := fmt.Sscan(line, &one.rss, &one.cpu); err != nil {
			return report{}, err
		}
		sum.rss = max(sum.rss, one.rss)
		sum.cpu += one.cpu
	}
	return sum, os.Remove(path)
}
