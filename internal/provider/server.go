package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// server is the framework's server for one run.
type server struct {
	tfprotov6.ProviderServer
	// interrupt keeps later calls, too, from obtaining tokens: the framework ends
	// only those under way.
	interrupt context.CancelFunc
}

// NewServer returns a factory of servers for a provider of that version, as the
// plugin server takes it. A server obtains tokens until Terraform stops it or ctx
// ends.
func NewServer(ctx context.Context, version string) func() tfprotov6.ProviderServer {
	return func() tfprotov6.ProviderServer {
		run, interrupt := context.WithCancel(ctx)
		return server{providerserver.NewProtocol6(New(version, run.Done())())(), interrupt}
	}
}

// StopProvider is called when the user ends the run.
func (s server) StopProvider(ctx context.Context, req *tfprotov6.StopProviderRequest) (*tfprotov6.StopProviderResponse, error) {
	s.interrupt()
	return s.ProviderServer.StopProvider(ctx, req)
}
