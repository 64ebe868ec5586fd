//go:build !unix

package accesstoken

import "fmt"

func hinder(how string) error {
	if how == "" {
		return nil
	}
	return fmt.Errorf("there is no hindrance %q on this system", how)
}
