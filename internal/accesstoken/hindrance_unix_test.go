//go:build unix

package accesstoken

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// nobody is a user other than root.
const nobody = 65534

// hinder makes the process one for which files are harder to use.
func hinder(how string) error {
	switch how {
	case "":
		return nil
	case "unprivileged": // so that file modes count
		if os.Geteuid() != 0 {
			return nil
		}
		return syscall.Setuid(nobody)
	case "disk full": // every write to a file fails
		signal.Ignore(syscall.SIGXFSZ)
		var limit syscall.Rlimit
		if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
			return err
		}
		limit.Cur = 0
		return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit)
	case "open umask":
		syscall.Umask(0)
		return nil
	}
	return fmt.Errorf("there is no hindrance %q", how)
}
