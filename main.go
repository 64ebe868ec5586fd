// Terraform-provider-equinix-oauth2 obtains Equinix OAuth2 access tokens for
// Terraform and OpenTofu configurations.
package main

import (
	"context"
	"flag"
	"log"
	"os"
	"os/signal"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"

	"github.com/equinix-community/terraform-provider-equinix-oauth2/internal/provider"
)

// version is set when a release is built.
var version = "dev"

func main() {
	debug := flag.Bool("debug", false, "serve for a debugger, and print how Terraform can attach; start anew after an interrupted run")
	flag.Parse()

	if err := silenceUnreadLogs(); err != nil {
		log.Fatal(err)
	}
	var options []tf6server.ServeOpt
	if *debug {
		options = append(options, tf6server.WithManagedDebug())
	}
	// Terraform tells of Ctrl-C in time, but not while it plans as a part of apply. A
	// terminal sends the signal to this process, too.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := tf6server.Serve("registry.terraform.io/equinix-community/equinix-oauth2", provider.NewServer(ctx, version), options...)
	stop()
	if err != nil {
		log.Fatal(err)
	}
}

// silenceUnreadLogs turns the logs of the SDK and of this provider off where
// nobody asks for logs: they are written all the same, and Terraform parses and
// drops each line, which takes half the time of a large plan. Any variable of
// the TF_LOG family keeps them as they are.
func silenceUnreadLogs() error {
	for _, variable := range os.Environ() {
		name, value, _ := strings.Cut(variable, "=")
		if (name == "TF_LOG" || strings.HasPrefix(name, "TF_LOG_")) && value != "" {
			return nil
		}
	}
	for _, name := range []string{"TF_LOG_SDK", "TF_LOG_PROVIDER_EQUINIX_OAUTH2"} {
		if err := os.Setenv(name, "off"); err != nil {
			return err
		}
	}
	return nil
}
