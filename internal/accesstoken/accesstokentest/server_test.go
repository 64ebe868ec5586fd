package accesstokentest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/equinix-community/terraform-provider-equinix-oauth2/internal/accesstoken/accesstokentest"
)

func TestServer_Serves(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		start  func(...accesstokentest.Account) *accesstokentest.Server
		scheme string
		proto  string
	}{
		"plain": {accesstokentest.NewServer, "http://127.0.0.1:", "HTTP/1.1"},
		"TLS":   {accesstokentest.NewTLSServer, "https://127.0.0.1:", "HTTP/2.0"},
		"unstarted": {func(accounts ...accesstokentest.Account) *accesstokentest.Server {
			server := accesstokentest.NewUnstartedServer(accounts...)
			if server.URL != "" {
				t.Errorf("before the start: URL = %q, want none", server.URL)
			}
			server.StartTLS()
			return server
		}, "https://127.0.0.1:", "HTTP/1.1"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := test.start(account)
			defer server.Close()

			response, err := server.Client().Post(server.URL+"/oauth2/v1/token", "application/json", strings.NewReader(right))
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()

			if !strings.HasPrefix(server.URL, test.scheme) {
				t.Errorf("URL = %q, want %s...", server.URL, test.scheme)
			}
			if response.StatusCode != http.StatusOK || response.Proto != test.proto {
				t.Errorf("got %s %s, want %s 200", response.Proto, response.Status, test.proto)
			}
			if n := server.Count(); n != 1 {
				t.Errorf("Count = %d, want 1", n)
			}
		})
	}
}
