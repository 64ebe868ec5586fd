package provider_test

import (
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/equinix-community/terraform-provider-equinix-oauth2/internal/accesstoken/accesstokentest"
)

// TestProvider_CredentialSources takes the source away that was used, one after
// the other, and looks at what is sent, and at what the error says of a
// rejection.
func TestProvider_CredentialSources(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	configFile := filepath.Join(home, "mine.yaml")
	writeFile(t, configFile, "equinix_client_id: mine-id\nequinix_client_secret: mine-secret\n")
	defaultFile := filepath.Join(home, ".config", "equinix", "equinix.yaml")
	writeFile(t, defaultFile, "equinix_client_id: file-id\nequinix_client_secret: file-secret\n")
	for name, value := range map[string]string{
		"EQUINIX_API_CLIENTID": "api-id", "EQUINIX_API_CLIENTSECRET": "api-secret",
		"EQUINIX_CLIENT_ID": "cli-id", "EQUINIX_CLIENT_SECRET": "cli-secret",
	} {
		t.Setenv(name, value)
	}
	provider := attributes{"client_id": "provider-id", "client_secret": "provider-secret", "config_file": configFile}
	block := attributes{"client_id": "block-id", "client_secret": "block-secret"}

	steps := []struct {
		prefix, source string
		remove         func()
	}{
		{"block", "the block itself", func() { clear(block) }},
		{"provider", "the provider block", func() { delete(provider, "client_id"); delete(provider, "client_secret") }},
		{"api", "the environment variables EQUINIX_API_CLIENTID and EQUINIX_API_CLIENTSECRET", func() {
			t.Setenv("EQUINIX_API_CLIENTID", "")
			t.Setenv("EQUINIX_API_CLIENTSECRET", "")
		}},
		{"cli", "the environment variables EQUINIX_CLIENT_ID and EQUINIX_CLIENT_SECRET", func() {
			t.Setenv("EQUINIX_CLIENT_ID", "")
			t.Setenv("EQUINIX_CLIENT_SECRET", "")
		}},
		{"mine", "the Equinix CLI's file " + configFile, func() { delete(provider, "config_file") }},
		{"file", "the Equinix CLI's file", func() {
			if err := os.Remove(defaultFile); err != nil {
				t.Fatal(err)
			}
		}},
	}
	for _, step := range steps {
		for _, kind := range kinds {
			server := accesstokentest.NewServer(accesstokentest.Account{ClientID: step.prefix + "-id", ClientSecret: step.prefix + "-secret"})
			t.Cleanup(server.Close)
			provider["endpoint"] = server.URL
			_, diagnostics := configured(t, provider).obtain(kind, block)
			if len(diagnostics) > 0 {
				t.Errorf("%s, %s: %s", step.prefix, kind, texts(diagnostics))
			}
			server.SetSecret(step.prefix+"-id", "another")
			_, diagnostics = configured(t, provider).obtain(kind, block)
			failure := onlyError(t, diagnostics)
			mustContain(t, failure.Detail, "The credentials come from "+step.source, `client_id "`+step.prefix+`-id"`)
			mustNotContain(t, texts(diagnostics), step.prefix+"-secret")
		}
		step.remove()
	}
	server := newServer(t)
	provider["endpoint"] = server.URL
	for _, kind := range kinds {
		_, diagnostics := configured(t, provider).obtain(kind, block)
		if failure := onlyError(t, diagnostics); failure.Summary != "No Equinix credentials" || server.Count() != 0 {
			t.Errorf("%d requests were sent: %s", server.Count(), texts(diagnostics))
		}
	}
}

// writeFile writes a file and the folders above it.
func writeFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestProvider_CredentialMistakes has a mistake in one source and a good pair in
// a later one. Configure says nothing of it, and the first token everything,
// without a request.
func TestProvider_CredentialMistakes(t *testing.T) {
	const secret = "hunter2-hidden"
	broken := filepath.Join(t.TempDir(), "broken.yaml")
	writeFile(t, broken, "equinix_client_id: id\nequinix_client_secret: *"+secret+"\n")
	tests := map[string]struct {
		provider        attributes
		environment     map[string]string
		summary, detail string
	}{
		"provider block without secret": {
			attributes{"client_id": "id"},
			nil,
			"The client secret is missing", "The provider argument client_id is set",
		},
		"provider block without ID": {
			attributes{"client_secret": secret},
			nil,
			"The client ID is missing", "The provider argument client_secret is set",
		},
		"newline in the provider block": {
			attributes{"client_id": "id", "client_secret": secret + "\n"},
			nil,
			"The client secret is not usable", "The provider argument client_secret begins or ends with white space",
		},
		"empty provider argument": {
			attributes{"client_id": "", "client_secret": secret},
			nil,
			"The client ID is not usable", "The provider argument client_id is an empty string",
		},
		"environment without secret": {
			nil,
			map[string]string{"EQUINIX_API_CLIENTID": "id", "EQUINIX_API_CLIENTSECRET": ""},
			"The client secret is missing", "EQUINIX_API_CLIENTID is set",
		},
		"environment without ID": {
			nil,
			map[string]string{"EQUINIX_API_CLIENTID": "", "EQUINIX_API_CLIENTSECRET": secret},
			"The client ID is missing", "EQUINIX_API_CLIENTSECRET is set",
		},
		"newline in the environment": {
			nil,
			map[string]string{"EQUINIX_API_CLIENTID": "id", "EQUINIX_API_CLIENTSECRET": secret + "\n"},
			"The client secret is not usable", "The environment variable EQUINIX_API_CLIENTSECRET begins or ends with white space",
		},
		"half a pair of the Equinix CLI's": {
			nil,
			map[string]string{"EQUINIX_CLIENT_ID": "id", "EQUINIX_CLIENT_SECRET": ""},
			"The client secret is missing", "EQUINIX_CLIENT_ID is set",
		},
		"broken file": {
			attributes{"config_file": broken},
			map[string]string{"EQUINIX_CLIENT_ID": "", "EQUINIX_CLIENT_SECRET": ""},
			"The Equinix configuration file is not usable", broken + ": line 2: a value that begins with * or & must stand in quotes",
		},
		"no such file": {
			attributes{"config_file": "/no/such.yaml"},
			map[string]string{"EQUINIX_CLIENT_ID": "", "EQUINIX_CLIENT_SECRET": ""},
			"The Equinix configuration file is not usable", "/no/such.yaml: no such file or directory",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Setenv("EQUINIX_CLIENT_ID", account.ClientID)
			t.Setenv("EQUINIX_CLIENT_SECRET", account.ClientSecret)
			for name, value := range test.environment {
				t.Setenv(name, value)
			}
			server := newServer(t)
			provider := attributes{"endpoint": server.URL}
			maps.Copy(provider, test.provider)
			p := configured(t, provider)
			for _, kind := range kinds {
				_, diagnostics := p.obtain(kind, attributes{})
				failure := onlyError(t, diagnostics)
				if failure.Summary != test.summary {
					t.Errorf("got %q, want %q", failure.Summary, test.summary)
				}
				mustContain(t, failure.Detail, test.detail, "No request was sent.")
				mustNotContain(t, texts(diagnostics), secret)
			}
			if server.Count() != 0 {
				t.Errorf("%d requests were sent", server.Count())
			}
			// A block with credentials of its own needs no other source.
			_, diagnostics := p.obtain(ephemeralKind, attributes{"client_id": account.ClientID, "client_secret": account.ClientSecret})
			mustSucceed(t, diagnostics)
		})
	}
}

// TestProvider_Endpoint takes the endpoint from the argument, then from the
// environment.
func TestProvider_Endpoint(t *testing.T) {
	server, other := newServer(t), newServer(t)
	block := credentialed(server)
	t.Setenv("EQUINIX_API_ENDPOINT", other.URL+"/")
	_, diagnostics := configured(t, block).obtain(ephemeralKind, attributes{})
	mustSucceed(t, diagnostics)
	if server.Count() != 1 || other.Count() != 0 {
		t.Errorf("the argument does not win: %d and %d requests", server.Count(), other.Count())
	}
	delete(block, "endpoint")
	_, diagnostics = configured(t, block).obtain(ephemeralKind, attributes{})
	mustSucceed(t, diagnostics)
	if other.Count() != 1 || other.Requests()[0].Path != "/oauth2/v1/token" {
		t.Errorf("the environment is not used: %v", other.Requests())
	}
}

// TestProvider_DefaultEndpoint sees through a proxy where the request goes.
func TestProvider_DefaultEndpoint(t *testing.T) {
	hosts := make(chan string, 8)
	proxy := startServer(t, func(w http.ResponseWriter, r *http.Request) {
		hosts <- r.Method + " " + r.Host
		w.WriteHeader(http.StatusForbidden)
	})
	// net/http reads the proxy variables once, and this process may have done so
	// before: ask the built provider.
	w := newWorkspace(t, requiredProviders+`data "equinix_oauth2_access_token" "test" {}`)
	maps.Copy(w.env, map[string]string{
		"HTTPS_PROXY": proxy, "EQUINIX_API_CLIENTID": "id", "EQUINIX_API_CLIENTSECRET": "secret-text", "EQUINIX_API_ENDPOINT": "",
	})
	w.fail("plan")
	if got := <-hosts; got != "CONNECT api.equinix.com:443" {
		t.Errorf("the proxy was asked for %q", got)
	}
}

// TestProvider_EndpointMistakes refuses them as an argument, when the provider
// is validated, and as a variable. A user name in it is not repeated.
func TestProvider_EndpointMistakes(t *testing.T) {
	for address, reason := range map[string]string{
		"api.equinix.com":                       "it must start with https://",
		"http://api.equinix.com":                "it must be https",
		"ftp://api.equinix.com":                 "it must start with https://",
		"https://":                              "it has no host name",
		"https://api.equinix.com?x=1":           "it must not contain a query",
		"https://api.equinix.com/#x":            "it must not contain a fragment",
		"https://user:hunter2@api.equinix.com":  "it must not contain a user name or password",
		"https://user:hunter2@api.equinix.com:": "it must not contain a user name or password",
		"https://a b:hunter2@/%":                "it must not contain a user name or password",
		"https://api.equinix.com:70000":         "its port is not a number from 1 to 65535",
	} {
		p := newProtocol(t)
		failure := onlyError(t, p.configure(attributes{"endpoint": address}))
		if failure.Summary != "endpoint is not usable" {
			t.Errorf("%s: %s", address, failure.Summary)
		}
		mustContain(t, failure.Detail, "The provider argument endpoint is not usable: "+reason)
		mustNotContain(t, failure.Detail, "hunter2")
		if hasSecret := strings.Contains(address, "@"); hasSecret == (failure.Attribute != nil) {
			t.Errorf("%s: the error points at %s", address, failure.Attribute)
		}

		t.Setenv("EQUINIX_API_ENDPOINT", address)
		failure = onlyError(t, newProtocol(t).configure(attributes{}))
		if failure.Summary != "An environment variable is not usable" {
			t.Errorf("%s: %s", address, failure.Summary)
		}
		mustContain(t, failure.Detail, "The environment variable EQUINIX_API_ENDPOINT is not a usable endpoint: "+reason)
		mustNotContain(t, failure.Detail, "hunter2")
		if diagnostics := newProtocol(t).configure(attributes{"endpoint": "https://sandboxapi.equinix.com"}); len(diagnostics) > 0 {
			t.Errorf("a variable that is not used is looked at: %s", texts(diagnostics))
		}
	}
}

// TestProvider_Limits refuses numbers out of range.
func TestProvider_Limits(t *testing.T) {
	t.Parallel()
	for argument, limits := range map[string][2]int{"request_timeout": {1, 3600}, "max_retries": {0, 3}, "max_retry_wait_seconds": {0, 3600}} {
		for _, within := range limits {
			mustSucceed(t, newProtocol(t).configure(attributes{argument: within}))
		}
		for _, beyond := range []int{limits[0] - 1, limits[1] + 1} {
			failure := onlyError(t, newProtocol(t).configure(attributes{argument: beyond}))
			if failure.Attribute.String() != `AttributeName("`+argument+`")` {
				t.Errorf("%s = %d: %s", argument, beyond, texts([]*tfprotov6.Diagnostic{failure}))
			}
		}
	}
}

// TestProvider_VariableMistakes refuses what the variables cannot mean, unless
// the argument stands there.
func TestProvider_VariableMistakes(t *testing.T) {
	for _, test := range []struct {
		name     string
		values   []string
		detail   string
		argument attributes
	}{
		{
			"EQUINIX_API_TIMEOUT",
			[]string{"0", "-1", "3601", "30s", "1.5", " 30", "soon"},
			"The environment variable EQUINIX_API_TIMEOUT must be a whole number of seconds from 1 to 3600.",
			attributes{"request_timeout": 30},
		},
		{
			"EQUINIX_LOCKOUT_PROTECTION",
			[]string{"yes", "off", "2", " true"},
			"The environment variable EQUINIX_LOCKOUT_PROTECTION must be true or false.",
			attributes{"lockout_protection": true},
		},
	} {
		for _, value := range test.values {
			t.Setenv(test.name, value)
			failure := onlyError(t, newProtocol(t).configure(attributes{}))
			if failure.Summary != "An environment variable is not usable" || failure.Detail != test.detail {
				t.Errorf("%s=%s: %s", test.name, value, failure.Detail)
			}
			if diagnostics := newProtocol(t).configure(test.argument); len(diagnostics) > 0 {
				t.Errorf("a variable that is not used is looked at: %s", texts(diagnostics))
			}
		}
		t.Setenv(test.name, "")
		mustSucceed(t, newProtocol(t).configure(attributes{}))
	}
}

// TestProvider_RequestTimeout ends an attempt that gets no answer.
func TestProvider_RequestTimeout(t *testing.T) {
	server := newServer(t)
	release := server.Hold()
	defer release()
	block := credentialed(server)
	block["max_retries"] = 0
	for _, source := range []string{"argument", "environment"} {
		block["request_timeout"] = nil
		if source == "argument" {
			block["request_timeout"] = 1
			t.Setenv("EQUINIX_API_TIMEOUT", "3600")
		} else {
			t.Setenv("EQUINIX_API_TIMEOUT", "1")
		}
		_, diagnostics := configured(t, block).obtain(ephemeralKind, attributes{})
		failure := onlyError(t, diagnostics)
		mustContain(t, failure.Summary+failure.Detail, "gave no answer", "No answer came within 1s", "It was tried once.", "larger request_timeout")
	}
}

// TestProvider_MaxRetries counts the attempts. The endpoint asks for an hour's
// pause, which max_retry_wait_seconds cuts to nothing.
func TestProvider_MaxRetries(t *testing.T) {
	t.Parallel()
	for retries, want := range map[any]int{0: 1, 1: 2, 3: 4, nil: 4} {
		server := newServer(t)
		server.Always(accesstokentest.Fault{Status: http.StatusServiceUnavailable, Header: http.Header{"Retry-After": {"3600"}}})
		block := credentialed(server)
		block["max_retries"] = retries
		block["max_retry_wait_seconds"] = 0
		_, diagnostics := configured(t, block).obtain(dataSourceKind, attributes{})
		onlyError(t, diagnostics)
		if server.Count() != want {
			t.Errorf("max_retries = %v: %d attempts, want %d", retries, server.Count(), want)
		}
	}
}

// TestProvider_LockoutProtection looks for the folder of records, and whether a
// second provider knows of the first one's rejection.
func TestProvider_LockoutProtection(t *testing.T) {
	for name, test := range map[string]struct {
		argument any
		variable string
		want     bool
	}{
		"default":               {nil, "", true},
		"argument true":         {true, "", true},
		"argument false":        {false, "", false},
		"variable false":        {nil, "false", false},
		"variable 0":            {nil, "0", false},
		"variable true":         {nil, "TRUE", true},
		"argument over false":   {true, "false", true},
		"argument over true":    {false, "true", false},
		"argument over mistake": {false, "perhaps", false},
	} {
		t.Run(name, func(t *testing.T) {
			cache := t.TempDir()
			t.Setenv("XDG_CACHE_HOME", cache)
			t.Setenv("EQUINIX_LOCKOUT_PROTECTION", test.variable)
			server := newServer(t)
			block := credentialed(server)
			block["client_secret"] = "wrong"
			block["lockout_protection"] = test.argument
			for range 2 {
				_, diagnostics := configured(t, block).obtain(ephemeralKind, attributes{})
				failure := onlyError(t, diagnostics)
				if remembered := strings.Contains(failure.Detail, "Remembered in: "+cache); remembered != test.want {
					t.Errorf("remembered: %t, want %t\n%s", remembered, test.want, failure.Detail)
				}
			}
			want := 2
			if test.want {
				want = 1
			}
			if server.Count() != want {
				t.Errorf("%d requests, want %d", server.Count(), want)
			}
			_, err := os.Stat(filepath.Join(cache, "terraform-provider-equinix-oauth2"))
			if exists := err == nil; exists != test.want {
				t.Errorf("the folder of records exists: %t, want %t", exists, test.want)
			}
		})
	}
}

// TestProvider_UnknownArguments has credentials in the environment and in the
// file that must not be used in place of the ones that are not known yet.
func TestProvider_UnknownArguments(t *testing.T) {
	t.Setenv("EQUINIX_API_CLIENTID", account.ClientID)
	t.Setenv("EQUINIX_API_CLIENTSECRET", account.ClientSecret)
	for argument, advice := range map[string]string{
		"client_id":              "Set client_id and client_secret in the block that needs the token instead",
		"client_secret":          "Set client_id and client_secret in the block that needs the token instead",
		"config_file":            "Set client_id and client_secret in the block that needs the token instead",
		"endpoint":               "Give it a value that is known at plan time",
		"request_timeout":        "Give it a value that is known at plan time",
		"max_retries":            "Give it a value that is known at plan time",
		"max_retry_wait_seconds": "Give it a value that is known at plan time",
		"lockout_protection":     "Give it a value that is known at plan time",
	} {
		t.Run(argument, func(t *testing.T) {
			server := newServer(t)
			t.Setenv("EQUINIX_API_ENDPOINT", server.URL)
			block := attributes{argument: unknown}
			if argument == "client_id" {
				block["client_secret"] = "a-secret-of-the-block"
			}
			if argument == "config_file" {
				t.Setenv("EQUINIX_API_CLIENTID", "")
				t.Setenv("EQUINIX_API_CLIENTSECRET", "")
			}
			p := configured(t, block)
			for _, kind := range kinds {
				result, diagnostics := p.obtain(kind, attributes{})
				failure := onlyError(t, diagnostics)
				mustContain(t, failure.Summary, "not known yet")
				mustContain(t, strings.ToLower(failure.Detail), "the provider argument "+argument+" depends on something that is known only after apply", strings.ToLower(advice), "no request was sent")
				mustNotContain(t, texts(diagnostics), "a-secret-of-the-block", account.ClientSecret)
				if result["access_token"] != nil {
					t.Errorf("%s: a token came with the error", kind)
				}
			}

			// An experimental CLI that can defer a read is asked to.
			response := p.read(attributes{}, true)
			if len(response.Diagnostics) > 0 {
				t.Errorf("deferred with diagnostics: %s", texts(response.Diagnostics))
			}
			if response.Deferred == nil || response.Deferred.Reason != tfprotov6.DeferredReasonProviderConfigUnknown {
				t.Errorf("not deferred: %v", response.Deferred)
			}
			if server.Count() != 0 {
				t.Errorf("%d requests were sent", server.Count())
			}
		})
	}
}

// TestProvider_UnknownCredentialsAreNotNeededByABlockWithItsOwn follows the
// advice of that error.
func TestProvider_UnknownCredentialsAreNotNeededByABlockWithItsOwn(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	p := configured(t, attributes{"endpoint": server.URL, "client_id": unknown, "client_secret": unknown, "config_file": unknown})
	for _, kind := range kinds {
		_, diagnostics := p.obtain(kind, attributes{"client_id": account.ClientID, "client_secret": account.ClientSecret})
		mustSucceed(t, diagnostics)
	}
}

// TestProvider_MistakesAreNotDeferred does not hide what can be said now.
func TestProvider_MistakesAreNotDeferred(t *testing.T) {
	t.Parallel()
	p := configured(t, attributes{"client_id": unknown, "client_secret": unknown})
	response := p.read(attributes{"client_id": "id"}, true)
	if failure := onlyError(t, response.Diagnostics); failure.Summary != "client_secret is missing" || response.Deferred != nil {
		t.Errorf("got %v, deferred: %v", failure, response.Deferred)
	}
}

func TestProvider_UserAgent(t *testing.T) {
	const own = "terraform-provider-equinix-oauth2/1.2.3 Terraform/1.99.0"
	for appended, want := range map[string]string{
		"":                            own,
		"  ":                          own,
		"pipeline/7 (x)":              own + " pipeline/7 (x)",
		"a\r\nX-Evil: 1\x01 \u00fc b": own + " aX-Evil: 1  b",
	} {
		t.Setenv("TF_APPEND_USER_AGENT", appended)
		server := newServer(t)
		_, diagnostics := configured(t, credentialed(server)).obtain(ephemeralKind, attributes{})
		mustSucceed(t, diagnostics)
		header := server.Requests()[0].Header
		if got := header.Get("User-Agent"); got != want || header.Get("X-Evil") != "" {
			t.Errorf("TF_APPEND_USER_AGENT=%q: user agent %q, want %q", appended, got, want)
		}
	}
}

// TestProvider_TwoAliases has two accounts in one configuration, and a third
// provider block that needs none, as no token is asked of it.
func TestProvider_TwoAliases(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.SetSecret("second-client", "second-secret-1b2d")
	w := newWorkspace(t, requiredProviders+`
provider "equinix" {
  endpoint      = "`+server.URL+`"
  client_id     = "`+account.ClientID+`"
  client_secret = "`+account.ClientSecret+`"
}

provider "equinix" {
  alias         = "second"
  endpoint      = "`+server.URL+`"
  client_id     = "second-client"
  client_secret = "second-secret-1b2d"
}

provider "equinix" {
  alias = "unused"
}

data "equinix_oauth2_access_token" "first" {
  count = 3
}

data "equinix_oauth2_access_token" "second" {
  count    = 3
  provider = equinix.second
}

output "first" {
  value     = data.equinix_oauth2_access_token.first[*].access_token
  sensitive = true
}

output "second" {
  value     = data.equinix_oauth2_access_token.second[*].access_token
  sensitive = true
}
`)
	w.succeed("apply", "-auto-approve", "-no-color")
	if got := server.Count(); got != 2 {
		t.Errorf("%d requests for two accounts, want 2", got)
	}
	for output, clientID := range map[string]string{"first": account.ClientID, "second": "second-client"} {
		tokens := outputStrings(t, w, output)
		if len(tokens) != 3 || tokens[0] != tokens[1] || tokens[1] != tokens[2] {
			t.Fatalf("%s: want three times the same token, got %d", output, len(tokens))
		}
		if got := ownerOf(t, server, tokens[0]); got != clientID {
			t.Errorf("%s: the token belongs to %q", output, got)
		}
	}
}
