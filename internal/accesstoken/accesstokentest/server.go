package accesstokentest

import "net/http/httptest"

// Server is an [Endpoint] on a loopback address. The promoted fields and
// methods are those of both: URL, Client and Close are the httptest.Server's,
// Count and Queue the Endpoint's.
type Server struct {
	*httptest.Server
	*Endpoint
}

// NewServer starts and returns a Server. The caller closes it.
func NewServer(accounts ...Account) *Server {
	s := NewUnstartedServer(accounts...)
	s.Start()
	return s
}

// NewTLSServer starts and returns a Server that speaks TLS, with HTTP/2. Its
// Client trusts it. The caller closes it.
func NewTLSServer(accounts ...Account) *Server {
	s := NewUnstartedServer(accounts...)
	s.EnableHTTP2 = true
	s.StartTLS()
	return s
}

// NewUnstartedServer returns a Server that does not listen until it is
// started, so that its configuration can be changed first.
func NewUnstartedServer(accounts ...Account) *Server {
	endpoint := NewEndpoint(accounts...)
	return &Server{Server: httptest.NewUnstartedServer(endpoint), Endpoint: endpoint}
}
