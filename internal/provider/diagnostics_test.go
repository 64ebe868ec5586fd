package provider_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/equinix-community/terraform-provider-equinix-oauth2/internal/accesstoken/accesstokentest"
)

// TestDiagnostics_Failures shows each way in which an endpoint can fail: what
// the summary is, and what the detail says of it.
func TestDiagnostics_Failures(t *testing.T) {
	t.Parallel()
	const apiError = `{"errorDomain": "apps", "errorTitle": "Login Failure", "errorCode": "S1006", "developerMessage": "for the developer", "errorMessage": "for the user"}`
	tests := map[string]struct {
		fault    accesstokentest.Fault
		attempts int
		summary  string
		detail   []string
	}{
		"401": {
			accesstokentest.Fault{Status: 401, Body: apiError},
			1, "Equinix rejected the credentials",
			[]string{
				"The endpoint answered HTTP 401 Unauthorized.", "Error code: S1006 Login Failure", "Error domain: apps",
				"Message: for the user", "Developer message: for the developer", "It was tried once.",
				`The credentials come from the provider block: client_id "test-client" with the grant type client_credentials.`,
				"Equinix locks the account after 5 successive invalid attempts. Known here: 1 rejected, 0 without an answer. These credentials are not sent again in this run.",
				"Equinix developer portal under My Apps",
			},
		},
		"400 in the other spelling": {
			accesstokentest.Fault{Status: 400, Body: `{"error_domain": "apps", "error_title": "Bad", "error_code": "S1", "developer_message": "dev", "error_message": "usr"}`},
			1, "Equinix rejected the credentials",
			[]string{"HTTP 400 Bad Request.", "Error code: S1 Bad", "Error domain: apps", "Message: usr", "Developer message: dev"},
		},
		"401 without Equinix's error": {
			accesstokentest.Fault{Status: 401}, 1, "Equinix rejected the credentials", []string{"HTTP 401 Unauthorized."},
		},
		"403 of something in between": {
			accesstokentest.Fault{Status: 403, Body: "<html>forbidden</html>"},
			1, "The token request was rejected, perhaps not by Equinix",
			[]string{"HTTP 403 Forbidden.", "A proxy or a firewall between here and the endpoint may have answered"},
		},
		"500": {
			accesstokentest.Fault{Status: 500},
			2, "The Equinix token endpoint gave no answer",
			[]string{"HTTP 500 Internal Server Error.", "It was tried 2 times.", "Known here: 0 rejected, 2 without an answer.", "Run again later."},
		},
		"503": {
			accesstokentest.Fault{Status: 503},
			4, "The Equinix token endpoint is not available",
			[]string{"HTTP 503 Service Unavailable.", "It was tried 4 times.", "Run again later."},
		},
		"reset": {
			accesstokentest.Fault{Break: accesstokentest.ResetBeforeHead},
			2, "The Equinix token endpoint gave no answer",
			[]string{"The connection broke before an answer came", "It was tried 2 times."},
		},
		"redirect": {
			accesstokentest.Fault{Status: 307, Header: http.Header{"Location": {"https://user:pass@elsewhere.example/x?secret=y#z"}}},
			1, "The Equinix token endpoint redirects",
			[]string{"HTTP 307 Temporary Redirect, which points to https://elsewhere.example/x.", "Redirects are not followed"},
		},
		"404": {
			accesstokentest.Fault{Status: 404},
			1, "The Equinix token endpoint refused the request",
			[]string{"HTTP 404 Not Found.", "https://sandboxapi.equinix.com", "without /oauth2/v1/token"},
		},
		"204": {
			accesstokentest.Fault{Status: 204}, 1, "The Equinix token endpoint refused the request", []string{"HTTP 204 No Content."},
		},
		"no JSON": {
			accesstokentest.Fault{Body: "<html>welcome</html>"},
			1, "The Equinix token endpoint sent no usable token",
			[]string{"HTTP 200, but the body is not a JSON object", "The endpoint accepted the credentials."},
		},
		"no token": {
			accesstokentest.Fault{Body: `{"access_token": 5}`},
			1, "The Equinix token endpoint sent no usable token",
			[]string{"the body has no access_token that is a non-empty string"},
		},
		"truncated": {
			accesstokentest.Fault{Break: accesstokentest.Truncate, Body: `{"access_token": "x"}`},
			1, "The Equinix token endpoint sent no usable token",
			[]string{"the connection broke within the body"},
		},
	}
	for name, test := range tests {
		for _, kind := range kinds {
			t.Run(kind+"/"+name, func(t *testing.T) {
				t.Parallel()
				server := newServer(t)
				server.Always(test.fault)
				block := credentialed(server)
				block["max_retry_wait_seconds"] = 0
				result, diagnostics := configured(t, block).obtain(kind, attributes{})
				failure := onlyError(t, diagnostics)
				if failure.Summary != test.summary {
					t.Errorf("got %q, want %q", failure.Summary, test.summary)
				}
				mustContain(t, failure.Detail, test.detail...)
				mustNotContain(t, failure.Detail, account.ClientSecret, "pass@", "secret=y", "\n\n\n")
				if failure.Attribute != nil {
					t.Errorf("it points at %s", failure.Attribute)
				}
				if server.Count() != test.attempts {
					t.Errorf("%d attempts, want %d", server.Count(), test.attempts)
				}
				if result["access_token"] != nil {
					t.Error("a token came with the error")
				}
			})
		}
	}
}

func TestDiagnostics_Unreachable(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.Close()
	block := credentialed(server)
	block["max_retry_wait_seconds"] = 0
	_, diagnostics := configured(t, block).obtain(dataSourceKind, attributes{})
	failure := onlyError(t, diagnostics)
	if failure.Summary != "The Equinix token endpoint cannot be reached" {
		t.Errorf("got %q", failure.Summary)
	}
	mustContain(t, failure.Detail, "There is no connection: ", "connection refused", "It was tried 4 times.", "Check the endpoint, the network, the proxy settings")
}

func TestDiagnostics_UntrustedCertificate(t *testing.T) {
	t.Parallel()
	server := accesstokentest.NewTLSServer(account)
	t.Cleanup(server.Close)
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // says what this test is about
	block := credentialed(server)
	_, diagnostics := configured(t, block).obtain(dataSourceKind, attributes{})
	mustContain(t, onlyError(t, diagnostics).Detail, "The TLS certificate comes from an authority that this machine does not trust")
}

// TestDiagnostics_Source names the block when the credentials stand there, and
// the grant that was used.
func TestDiagnostics_Source(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	for _, block := range []attributes{
		{"client_id": "own", "client_secret": "wrong", "user_name": "u", "user_password": "p"},
		{"request": `{"client_id": "own", "client_secret": "wrong", "grant_type": "password", "user_name": "u", "user_password": "p"}`},
	} {
		_, diagnostics := configured(t, credentialed(server)).obtain(ephemeralKind, block)
		mustContain(t, onlyError(t, diagnostics).Detail, `The credentials come from the block itself: client_id "own" with the grant type password.`)
	}
}

// TestDiagnostics_Lockout goes through all that is said of the account's lock,
// from the first rejection to the fourth, without and with files.
func TestDiagnostics_Lockout(t *testing.T) {
	t.Setenv("EQUINIX_LOCKOUT_PROTECTION", "true")
	cache := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	server := newServer(t)

	inOneRun := credentialed(server)
	inOneRun["lockout_protection"] = false
	p := configured(t, inOneRun)
	wrong := func(number int) attributes {
		return attributes{"client_id": account.ClientID, "client_secret": fmt.Sprintf("wrong-%d", number)}
	}
	failureOf := func(p *protocol, number int) *tfprotov6.Diagnostic {
		_, diagnostics := p.obtain(dataSourceKind, wrong(number))
		return onlyError(t, diagnostics)
	}
	mustContain(t, failureOf(p, 1).Detail, "It was tried once.", "Known here: 1 rejected, 0 without an answer. These credentials are not sent again in this run.")
	mustContain(t, failureOf(p, 1).Detail, "This is the answer to an earlier request. This time no request was sent.", "Known here: 1 rejected, 0 without an answer.")
	mustContain(t, failureOf(p, 2).Detail, "Known here: 2 rejected, 0 without an answer.")
	failureOf(p, 3)
	fourth := failureOf(p, 4)
	if fourth.Summary != "No token request is sent: another rejection could lock the account" {
		t.Errorf("got %q", fourth.Summary)
	}
	mustContain(t, fourth.Detail, "It was tried once.", "Known here: 4 rejected, 0 without an answer. Nothing more is sent for this account in this run.", "whether the account is locked, before you clear what is remembered")
	mustContain(t, failureOf(p, 5).Detail, "This time no request was sent.", "Known here: 4 rejected, 0 without an answer.")
	if server.Count() != 4 || server.Locked(account.ClientID) {
		t.Fatalf("%d attempts, locked: %t", server.Count(), server.Locked(account.ClientID))
	}
	server.Unlock(account.ClientID)

	acrossRuns := credentialed(server)
	for number := 1; number <= 5; number++ {
		failure := failureOf(configured(t, acrossRuns), number)
		mustContain(t, failure.Detail, "Remembered in: "+filepath.Join(cache, "terraform-provider-equinix-oauth2"), ".json (lockout_protection = false in the provider block, or EQUINIX_LOCKOUT_PROTECTION=false, switches the files off)")
		if number < 4 {
			mustContain(t, failure.Detail, "These credentials are not sent again until 2", "Changed credentials are sent at once.")
		} else {
			mustContain(t, failure.Detail, "Known here: 4 rejected, 0 without an answer. Nothing more is sent for this account until you delete the file that remembers them.")
		}
		if number == 5 {
			mustContain(t, failure.Detail, "This time no request was sent.")
		}
	}
	if server.Count() != 8 || server.Locked(account.ClientID) {
		t.Errorf("%d attempts, locked: %t", server.Count(), server.Locked(account.ClientID))
	}
}

// TestDiagnostics_UnknownOutcomes block an account, too, when there were too
// many of them.
func TestDiagnostics_UnknownOutcomes(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.Always(accesstokentest.Fault{Status: 504})
	block := credentialed(server)
	block["max_retry_wait_seconds"] = 0
	p := configured(t, block)
	var failure *tfprotov6.Diagnostic
	for range 4 {
		_, diagnostics := p.obtain(dataSourceKind, attributes{})
		failure = onlyError(t, diagnostics)
	}
	if failure.Summary != "No token request is sent: another rejection could lock the account" {
		t.Errorf("got %q", failure.Summary)
	}
	mustContain(t, failure.Detail, "No request was sent.", "Known here: 0 rejected, 4 without an answer. Nothing more is sent for this account until", "Check whether the endpoint works again, and wait.")
	if server.Count() != 4 {
		t.Errorf("%d attempts, want 4", server.Count())
	}
}

// TestDiagnostics_Interrupted ends the run while the request is on its way.
func TestDiagnostics_Interrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	address := startServer(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // without which the end of the connection is not seen
		cancel()
		<-r.Context().Done()
	})
	p := configured(t, attributes{"endpoint": address, "client_id": "id", "client_secret": "secret-text"})
	response, err := p.server.OpenEphemeralResource(ctx, &tfprotov6.OpenEphemeralResourceRequest{
		TypeName: accessTokenType, Config: p.dynamic(p.schema(ephemeralKind), attributes{}),
	})
	if err != nil {
		t.Fatal(err)
	}
	if failure := onlyError(t, response.Diagnostics); failure.Summary != "The token request was interrupted" {
		t.Errorf("got %s", texts(response.Diagnostics))
	}
}

// TestDiagnostics_TextsFromOutsideAreShort cuts what an endpoint says, and keeps
// it on one line each.
func TestDiagnostics_TextsFromOutsideAreShort(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.Always(accesstokentest.Fault{Status: 401, Body: `{"errorCode": "A\nB\u001b[31m", "errorMessage": "` + strings.Repeat("long ", 20000) + `"}`})
	_, diagnostics := configured(t, credentialed(server)).obtain(ephemeralKind, attributes{})
	failure := onlyError(t, diagnostics)
	if len(failure.Detail) > 2000 {
		t.Errorf("the detail has %d characters", len(failure.Detail))
	}
	mustContain(t, failure.Detail, "Error code: A B[31m\n", "long ...\n")
}
