// Terraform-provider-equinix-oauth2 obtains Equinix OAuth2 access tokens for
// Terraform and OpenTofu configurations.
package main

import (
	"context"
	"flag"
	"log"
	"os"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/equinix-community/terraform-provider-equinix-oauth2/internal/provider"
)

// version is set when a release is built.
var version = "dev"

func main() {
	debug := flag.Bool("debug", false, "serve for a debugger, and print how Terraform can attach")
	flag.Parse()

	if err := silenceUnreadLogs(); err != nil {
		log.Fatal(err)
	}
	err := providerserver.Serve(context.Background(), provider.New(version), providerserver.ServeOpts{
		Address: "registry.terraform.io/equinix-community/equinix-oauth2",
		Debug:   *debug,
	})
	if err != nil {
		log.Fatal(err)
	}
}

// silenceUnreadLogs turns the SDK's logs off where nobody asks for logs: they
// are written all the same, and Terraform parses and drops each line, which
// takes half the time of a large plan. Any variable of the TF_LOG family keeps
// them as they are.
func silenceUnreadLogs() error {
	for _, variable := range os.Environ() {
		name, value, _ := strings.Cut(variable, "=")
		if (name == "TF_LOG" || strings.HasPrefix(name, "TF_LOG_")) && value != "" {
			return nil
		}
	}
	for _, name := range []string{"TF_LOG_SDK", "TF_LOG_PROVIDER"} {
		if err := os.Setenv(name, "off"); err != nil {
			return err
		}
	}
	return nil
}
