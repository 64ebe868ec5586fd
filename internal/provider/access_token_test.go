package provider_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/equinix-community/terraform-provider-equinix-oauth2/internal/accesstoken/accesstokentest"
)

// account is what the mock accepts in most tests.
var account = accesstokentest.Account{
	ClientID: "test-client", ClientSecret: "test-secret-7f3a", UserName: "test-user", UserPassword: "test-password-91c2",
}

// newServer returns a mock that accepts account.
func newServer(t *testing.T) *accesstokentest.Server {
	t.Helper()
	server := accesstokentest.NewServer(account)
	t.Cleanup(server.Close)
	return server
}

// credentialed is a provider block with the credentials of account.
func credentialed(server *accesstokentest.Server) attributes {
	return attributes{"endpoint": server.URL, "client_id": account.ClientID, "client_secret": account.ClientSecret}
}

// object reads a JSON object and keeps the digits of its numbers.
func object(t *testing.T, text string) map[string]any {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var members map[string]any
	if err := decoder.Decode(&members); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return members
}

const (
	md5OfPassword = "AQIDBAUGBwgJCgsMDQ4PEA==" // 16 bytes
	hostileSecret = "quote\" back\\slash <&> \u2028 \U0001F511 %7e+/= \x7f"
)

// payloads are blocks, and field by field what the endpoint must receive. The
// credentials pc and ps come from the provider block.
var payloads = map[string]struct {
	block attributes
	want  string
}{
	"nothing": {
		attributes{},
		`{"client_id": "pc", "client_secret": "ps", "grant_type": "client_credentials"}`,
	},
	"credentials of the block": {
		attributes{"client_id": "bc", "client_secret": "bs"},
		`{"client_id": "bc", "client_secret": "bs", "grant_type": "client_credentials"}`,
	},
	"hostile texts": {
		attributes{"client_id": "ünï-\U0001F30D", "client_secret": hostileSecret},
		`{"client_id": "ünï-\ud83c\udf0d", "client_secret": "quote\" back\\slash <&> \u2028 \ud83d\udd11 %7e+/= \u007f", "grant_type": "client_credentials"}`,
	},
	"grant_type": {
		attributes{"grant_type": "client_credentials"},
		`{"client_id": "pc", "client_secret": "ps", "grant_type": "client_credentials"}`,
	},
	"password grant": {
		attributes{"grant_type": "password", "user_name": "u", "user_password": "p w"},
		`{"client_id": "pc", "client_secret": "ps", "grant_type": "password", "user_name": "u", "user_password": "p w"}`,
	},
	"password grant by user_name": {
		attributes{"user_name": "u", "user_password": "p", "password_encoding": "none"},
		`{"client_id": "pc", "client_secret": "ps", "grant_type": "password", "user_name": "u", "user_password": "p", "password_encoding": "none"}`,
	},
	"md5-b64": {
		attributes{"user_name": "u", "user_password": md5OfPassword, "password_encoding": "md5-b64"},
		`{"client_id": "pc", "client_secret": "ps", "grant_type": "password", "user_name": "u", "user_password": "` + md5OfPassword + `", "password_encoding": "md5-b64"}`,
	},
	"another encoding": {
		attributes{"user_name": "u", "user_password": "p", "password_encoding": "rot13"},
		`{"client_id": "pc", "client_secret": "ps", "grant_type": "password", "user_name": "u", "user_password": "p", "password_encoding": "rot13"}`,
	},
	"user fields with client_credentials": {
		attributes{"grant_type": "client_credentials", "user_name": "u", "user_password": "p", "password_encoding": "none"},
		`{"client_id": "pc", "client_secret": "ps", "grant_type": "client_credentials", "user_name": "u", "user_password": "p", "password_encoding": "none"}`,
	},
	"additional_properties": {
		attributes{"additional_properties": `{"text": "a<b", "number": 12345678901234567890.10, "flag": true, "nothing": null, "list": [1, {"x": "y"}], "Client_ID": "other"}`},
		`{"client_id": "pc", "client_secret": "ps", "grant_type": "client_credentials", "text": "a<b", "number": 12345678901234567890.10, "flag": true, "nothing": null, "list": [1, {"x": "y"}], "Client_ID": "other"}`,
	},
	"request alone": {
		attributes{"request": `{"client_id": "rc", "client_secret": "rs", "scope": "all"}`},
		`{"client_id": "rc", "client_secret": "rs", "grant_type": "client_credentials", "scope": "all"}`,
	},
	"request with everything": {
		attributes{"request": `{"client_id": "rc", "client_secret": "rs", "grant_type": "password", "user_name": "ru", "user_password": "rp", "password_encoding": "none", "x": 1.50}`},
		`{"client_id": "rc", "client_secret": "rs", "grant_type": "password", "user_name": "ru", "user_password": "rp", "password_encoding": "none", "x": 1.50}`,
	},
	"request without credentials": {
		attributes{"request": `{"client_id": null, "client_secret": null, "x": null}`},
		`{"client_id": "pc", "client_secret": "ps", "grant_type": "client_credentials", "x": null}`,
	},
	"arguments over request, additional_properties over both": {
		attributes{
			"request":               `{"client_id": "rc", "client_secret": "rs", "grant_type": "password", "user_name": "ru", "user_password": "rp", "x": "r", "y": "r"}`,
			"client_id":             "bc",
			"grant_type":            "client_credentials",
			"additional_properties": `{"x": "a"}`,
		},
		`{"client_id": "bc", "client_secret": "rs", "grant_type": "client_credentials", "user_name": "ru", "user_password": "rp", "x": "a", "y": "r"}`,
	},
	"user fields over request": {
		attributes{
			"request":       `{"client_id": "rc", "client_secret": "rs", "user_name": "ru", "user_password": "rp", "password_encoding": "md5-b64"}`,
			"client_secret": "bs", "user_name": "bu", "user_password": "bp", "password_encoding": "none",
		},
		`{"client_id": "rc", "client_secret": "bs", "grant_type": "password", "user_name": "bu", "user_password": "bp", "password_encoding": "none"}`,
	},
}

// TestAccessToken_Payload sends every combination of arguments and compares all
// of what arrives.
func TestAccessToken_Payload(t *testing.T) {
	t.Parallel()
	for _, kind := range kinds {
		for name, test := range payloads {
			t.Run(kind+"/"+name, func(t *testing.T) {
				t.Parallel()
				server := newServer(t)
				server.Always(accesstokentest.Fault{Body: `{"access_token": "at"}`})
				p := configured(t, attributes{"endpoint": server.URL + "/prefix/", "client_id": "pc", "client_secret": "ps"})
				mustSucceed(t, p.validate(kind, test.block))
				result, diagnostics := p.obtain(kind, test.block)
				mustSucceed(t, diagnostics)

				requests := server.Requests()
				if len(requests) != 1 {
					t.Fatalf("%d requests were sent", len(requests))
				}
				request, want := requests[0], object(t, test.want)
				if diff := cmp.Diff(want, request.Payload); diff != "" {
					t.Errorf("payload (-want +got):\n%s", diff)
				}
				if request.Method != http.MethodPost || request.Path != "/prefix/oauth2/v1/token" {
					t.Errorf("sent %s %s", request.Method, request.Path)
				}
				for name, value := range map[string]string{"Content-Type": "application/json", "Accept": "application/json", "Authorization": ""} {
					if got := request.Header.Get(name); got != value {
						t.Errorf("header %s: %q, want %q", name, got, value)
					}
				}
				if result["grant_type"] != want["grant_type"] {
					t.Errorf("grant_type is %v, want what was sent, %v", result["grant_type"], want["grant_type"])
				}
			})
		}
	}
}

// TestAccessToken_Arguments reads back what was configured: all of it from the
// ephemeral resource, which must not change a value, and no secret from the data
// source, whose values are stored.
func TestAccessToken_Arguments(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	block := attributes{
		"client_id": account.ClientID, "client_secret": account.ClientSecret, "grant_type": "password",
		"user_name": account.UserName, "user_password": account.UserPassword, "password_encoding": "none",
		"additional_properties": ` { "a" : "additional-secret" } `, "request": `{"b": "request-secret"}`,
	}
	for _, kind := range kinds {
		result, diagnostics := configured(t, attributes{"endpoint": server.URL}).obtain(kind, block)
		mustSucceed(t, diagnostics)
		for name, configuredValue := range block {
			want := configuredValue
			if kind == dataSourceKind && slices.Contains([]string{"client_secret", "user_password", "additional_properties", "request"}, name) {
				want = nil
			}
			if result[name] != want {
				t.Errorf("%s: %s is %#v, want %#v", kind, name, result[name], want)
			}
		}
	}
}

// TestAccessToken_Response reads what the response says, and null for what it
// lacks or says in a way that cannot be read.
func TestAccessToken_Response(t *testing.T) {
	t.Parallel()
	none := attributes{
		"token_type": nil, "token_timeout": nil, "token_user_name": nil, "refresh_token": nil, "refresh_token_timeout": nil,
	}
	with := func(values attributes) attributes {
		all := maps.Clone(none)
		maps.Copy(all, values)
		return all
	}
	tests := map[string]struct {
		body     string
		want     attributes
		lifetime time.Duration
	}{
		"everything": {
			`{"access_token": "at", "token_timeout": "3599", "user_name": "u", "token_type": "Bearer", "refresh_token": "rt", "refresh_token_timeout": "5182560", "more": [1.50]}`,
			attributes{
				"access_token": "at", "token_type": "Bearer", "token_timeout": 3599, "token_user_name": "u",
				"refresh_token": "rt", "refresh_token_timeout": 5182560,
			},
			3599 * time.Second,
		},
		"numbers": {
			`{"access_token": "at", "token_timeout": 60, "refresh_token_timeout": 5182560}`,
			with(attributes{"access_token": "at", "token_timeout": 60, "refresh_token_timeout": 5182560}), time.Minute,
		},
		"only a token":    {`{"access_token": "a\"t"}`, with(attributes{"access_token": `a"t`}), time.Hour},
		"nulls":           {`{"access_token": "at", "token_timeout": null, "user_name": null, "token_type": null, "refresh_token": null}`, with(attributes{"access_token": "at"}), time.Hour},
		"unreadable time": {`{"access_token": "at", "token_timeout": "soon", "refresh_token_timeout": -1}`, with(attributes{"access_token": "at"}), time.Hour},
		"odd white space": {" { \"access_token\" : \"at\" } \n", with(attributes{"access_token": "at"}), time.Hour},
	}
	for name, test := range tests {
		for _, kind := range kinds {
			t.Run(kind+"/"+name, func(t *testing.T) {
				t.Parallel()
				server := newServer(t)
				server.Always(accesstokentest.Fault{Body: test.body})
				then := time.Now()
				result, diagnostics := configured(t, credentialed(server)).obtain(kind, attributes{})
				if len(diagnostics) > 0 {
					t.Error(texts(diagnostics))
				}
				for name, want := range test.want {
					if result[name] != want {
						t.Errorf("%s is %#v, want %#v", name, result[name], want)
					}
				}
				if result["response_body"] != test.body {
					t.Errorf("response_body is %q, want %q", result["response_body"], test.body)
				}
				mustBeExpiry(t, result["expiry"], then, test.lifetime)
			})
		}
	}
}

// problem is an error or a warning about a block.
type problem struct {
	block    attributes
	warning  bool
	summary  string
	detail   string // a part of it
	argument string // where it points to; empty for a secret
}

const hidden = "hunter2-hidden" // stands in every secret that a rule refuses

var problems = map[string]problem{
	"client_id alone": {
		attributes{"client_id": "id"},
		false,
		"client_secret is missing", "The argument client_id is set, but client_secret is not", "client_id",
	},
	"client_secret alone": {
		attributes{"client_secret": hidden},
		false,
		"client_id is missing", "The argument client_secret is set, but client_id is not", "",
	},
	"client_id of request alone": {
		attributes{"request": `{"client_id": "` + hidden + `"}`},
		false,
		"client_secret is missing", "The member client_id of request is set, but client_secret is not", "",
	},
	"client_secret of request alone": {
		attributes{"request": `{"client_secret": "` + hidden + `"}`},
		false,
		"client_id is missing", "The member client_secret of request is set, but client_id is not", "",
	},
	"empty client_id": {
		attributes{"client_id": "", "client_secret": hidden},
		false,
		"client_id is not usable", "The argument client_id is an empty string", "client_id",
	},
	"empty client_secret": {
		attributes{"client_id": "id", "client_secret": ""},
		false,
		"client_secret is not usable", "The argument client_secret is an empty string", "",
	},
	"space before client_id": {
		attributes{"client_id": " id", "client_secret": hidden},
		false,
		"client_id is not usable", "The argument client_id begins or ends with white space", "client_id",
	},
	"newline after client_secret": {
		attributes{"client_id": "id", "client_secret": hidden + "\n"},
		false,
		"client_secret is not usable", "The argument client_secret begins or ends with white space", "",
	},
	"space after user_name": {
		attributes{"user_name": "u\t", "user_password": hidden},
		false,
		"user_name is not usable", "The argument user_name begins or ends with white space", "user_name",
	},
	"no-break space before user_password": {
		attributes{"user_name": "u", "user_password": "\u00a0" + hidden},
		false,
		"user_password is not usable", "password_encoding = \"md5-b64\"", "",
	},
	"newline in request": {
		attributes{"request": `{"client_id": "id", "client_secret": "` + hidden + `\n"}`},
		false,
		"client_secret is not usable", "The member client_secret of request begins or ends with white space", "",
	},
	"empty grant_type": {
		attributes{"grant_type": ""},
		false,
		"grant_type is not usable", "The argument grant_type is an empty string", "grant_type",
	},
	"unknown grant_type": {
		attributes{"grant_type": "refresh_token"},
		false,
		"grant_type is not usable", `must be "client_credentials" or "password"`, "grant_type",
	},
	"grant_type in capitals": {
		attributes{"grant_type": "Client_Credentials"},
		false,
		"grant_type is not usable", `must be "client_credentials" or "password"`, "grant_type",
	},
	"unknown grant_type in request": {
		attributes{"request": `{"grant_type": "` + hidden + `"}`},
		false,
		"grant_type is not usable", `The member grant_type of request must be "client_credentials" or "password"`, "",
	},
	"empty password_encoding": {
		attributes{"user_name": "u", "user_password": hidden, "password_encoding": ""},
		false,
		"password_encoding is not usable", "is an empty string", "password_encoding",
	},
	"user_name alone": {
		attributes{"user_name": "u"},
		false,
		"user_password is missing", "needs both user_name and user_password, and user_password is not set", "",
	},
	"user_password alone": {
		attributes{"user_password": hidden},
		false,
		"user_name is missing", "needs both user_name and user_password, and user_name is not set", "user_name",
	},
	"md5-b64 of clear text": {
		attributes{"user_name": "u", "user_password": hidden, "password_encoding": "md5-b64"},
		false,
		"user_password is not an MD5 in base64", "md5_b64 makes it", "",
	},
	"md5-b64 of hexadecimal digits": {
		attributes{"user_name": "u", "user_password": "NWY0ZGNjM2I1YWE3NjVkNjFkODMyN2RlYjg4MmNmOTk=", "password_encoding": "md5-b64"},
		false,
		"user_password is not an MD5 in base64", "base64encode(md5(password)) does not", "",
	},
	"request is no JSON": {
		attributes{"request": hidden},
		false,
		"request is not a JSON object", "it is not valid JSON at line 1, column 1", "",
	},
	"request is cut": {
		attributes{"request": "{\n  \"client_id\": \"" + hidden},
		false,
		"request is not a JSON object", "it is not valid JSON at line 2", "",
	},
	"request is a list": {
		attributes{"request": `["` + hidden + `"]`},
		false,
		"request is not a JSON object", "it is another kind of JSON value", "",
	},
	"request is empty": {
		attributes{"request": ""},
		false,
		"request is not a JSON object", "The argument request must be a JSON object", "",
	},
	"request goes on": {
		attributes{"request": `{} "` + hidden + `"`},
		false,
		"request is not a JSON object", "The argument request must be a JSON object", "",
	},
	"request repeats a member": {
		attributes{"request": `{"` + hidden + `": 1, "` + hidden + `": 2}`},
		false,
		"request is not a JSON object", "a member is written twice", "",
	},
	"request with a number": {
		attributes{"request": `{"client_id": 1234567}`},
		false,
		"request has a member that is not a string", "The member client_id of request must be a string", "",
	},
	"additional_properties is no JSON": {
		attributes{"additional_properties": "{" + hidden + "}"},
		false,
		"additional_properties is not a JSON object", "it is not valid JSON at line 1, column 2", "",
	},
	"additional_properties repeats client_secret": {
		attributes{"additional_properties": `{"client_secret": "` + hidden + `"}`},
		false,
		"additional_properties repeats a named field", "must not contain client_secret. Use the argument client_secret for it", "",
	},
	"additional_properties repeats password_encoding": {
		attributes{"additional_properties": `{"password_encoding": "` + hidden + `"}`},
		false,
		"additional_properties repeats a named field", "Use the argument password_encoding for it", "",
	},
	"password grant": {
		attributes{"user_name": "u", "user_password": hidden},
		true,
		"The password grant is retired", "Use client_credentials: leave out grant_type, user_name", "grant_type",
	},
	"ignored user_name": {
		attributes{"grant_type": "client_credentials", "user_name": "u"},
		true,
		"user_name is ignored", "The argument user_name has no effect", "user_name",
	},
	"ignored user_password": {
		attributes{"grant_type": "client_credentials", "user_password": hidden},
		true,
		"user_password is ignored", "The argument user_password has no effect", "",
	},
	"ignored password_encoding": {
		attributes{"password_encoding": "none"},
		true,
		"password_encoding is ignored", "The argument password_encoding has no effect", "password_encoding",
	},
	"unknown password_encoding": {
		attributes{"user_name": "u", "user_password": hidden, "password_encoding": "MD5-B64"},
		true,
		"password_encoding is not one that the API knows", "The API takes user_password as it is", "password_encoding",
	},
}

// TestAccessToken_Problems has every rule broken, on both kinds: it is said
// before a request is made, and the second check (in Open and Read) sends nothing
// either. No text shows a secret, and nothing points at one.
func TestAccessToken_Problems(t *testing.T) {
	t.Parallel()
	for _, kind := range kinds {
		for name, test := range problems {
			t.Run(kind+"/"+name, func(t *testing.T) {
				t.Parallel()
				server := newServer(t)
				p := configured(t, credentialed(server))
				diagnostics := p.validate(kind, test.block)
				mustHave(t, diagnostics, test)
				mustNotContain(t, texts(diagnostics), hidden, "client_secret\")", "user_password\")")

				_, second := p.obtain(kind, test.block)
				mustNotContain(t, texts(second), hidden)
				if test.warning {
					return
				}
				mustHave(t, second, test)
				mustContain(t, texts(second), "No request was sent.")
				if server.Count() != 0 {
					t.Errorf("%d requests were sent", server.Count())
				}
			})
		}
	}
}

// mustHave checks that a problem is among the diagnostics, and that it is an
// error if and only if it should be.
func mustHave(t *testing.T, diagnostics []*tfprotov6.Diagnostic, want problem) {
	t.Helper()
	severity := tfprotov6.DiagnosticSeverityError
	if want.warning {
		severity = tfprotov6.DiagnosticSeverityWarning
	}
	at := ""
	if want.argument != "" {
		at = `AttributeName("` + want.argument + `")`
	}
	for _, diagnostic := range diagnostics {
		if diagnostic.Severity == severity && diagnostic.Summary == want.summary && strings.Contains(diagnostic.Detail, want.detail) && diagnostic.Attribute.String() == at {
			return
		}
	}
	t.Errorf("want %s %q with %q at %q, got:\n%s", severity, want.summary, want.detail, at, texts(diagnostics))
}

// TestAccessToken_UnknownIsNotAProblem leaves rules alone whose values are not
// known yet: they are checked when they are.
func TestAccessToken_UnknownIsNotAProblem(t *testing.T) {
	t.Parallel()
	blocks := []attributes{
		{"client_id": unknown, "client_secret": unknown},
		{"client_id": "id", "client_secret": unknown},
		{"client_id": unknown},
		{"client_id": "id", "request": unknown},
		{"user_name": "u", "user_password": unknown},
		{"user_name": unknown, "user_password": unknown, "password_encoding": "md5-b64"},
		{"grant_type": unknown, "user_name": "u"},
		{"additional_properties": unknown},
		{"request": unknown, "additional_properties": unknown},
	}
	for _, kind := range kinds {
		for _, block := range blocks {
			if diagnostics := newProtocol(t).validate(kind, block); hasErrors(diagnostics) {
				t.Errorf("%s %v: %s", kind, block, texts(diagnostics))
			}
		}
	}
}

// TestAccessToken_OneRequestForAll has two kinds and several blocks ask for the
// same token, and one for another.
func TestAccessToken_OneRequestForAll(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.SetSecret("other-client", "other-secret")
	p := configured(t, credentialed(server))
	same := map[any]bool{}
	for _, block := range []attributes{{}, {"grant_type": "client_credentials"}, {"client_id": account.ClientID, "client_secret": account.ClientSecret}, {"request": "{}"}} {
		for _, kind := range kinds {
			result, diagnostics := p.obtain(kind, block)
			mustSucceed(t, diagnostics)
			same[result["access_token"]] = true
		}
	}
	if len(same) != 1 || server.Count() != 1 {
		t.Errorf("%d tokens of %d requests, want 1 of 1", len(same), server.Count())
	}
	other, diagnostics := p.obtain(ephemeralKind, attributes{"client_id": "other-client", "client_secret": "other-secret"})
	mustSucceed(t, diagnostics)
	if same[other["access_token"]] || server.Count() != 2 {
		t.Errorf("another credential got the token of the first, or %d requests were sent", server.Count())
	}
}

// TestSchema_BothKindsAreTheSame compares attribute by attribute.
func TestSchema_BothKindsAreTheSame(t *testing.T) {
	t.Parallel()
	p := newProtocol(t)
	if diff := cmp.Diff(p.schema(dataSourceKind).Block.Attributes, p.schema(ephemeralKind).Block.Attributes); diff != "" {
		t.Errorf("data source and ephemeral resource differ (-data source +ephemeral resource):\n%s", diff)
	}
}

// TestSchema_Attributes checks how each attribute is marked. A deprecation
// message on a secret would show its value in the CLI's -json output.
func TestSchema_Attributes(t *testing.T) {
	t.Parallel()
	p := newProtocol(t)
	kindOf := map[string]string{ // optional, computed, sensitive, deprecated
		"client_id": "o", "client_secret": "os", "grant_type": "oc", "user_name": "od", "user_password": "os", "password_encoding": "o",
		"additional_properties": "os", "request": "os",
		"access_token": "cs", "expiry": "cs", "token_type": "c", "token_timeout": "c", "token_user_name": "c",
		"refresh_token": "cs", "refresh_token_timeout": "c", "response_body": "cs",
	}
	provider := map[string]string{
		"endpoint": "o", "client_id": "o", "client_secret": "os", "config_file": "o", "request_timeout": "o", "max_retries": "o",
		"max_retry_wait_seconds": "o", "lockout_protection": "o",
	}
	for schema, want := range map[*tfprotov6.Schema]map[string]string{
		p.schema(ephemeralKind): kindOf, p.schema(dataSourceKind): kindOf, p.schemas.Provider: provider,
	} {
		got := map[string]string{}
		for _, attribute := range schema.Block.Attributes {
			marks := ""
			for _, mark := range []struct {
				is     bool
				letter string
			}{{attribute.Optional, "o"}, {attribute.Computed, "c"}, {attribute.Sensitive, "s"}, {attribute.Deprecated, "d"}, {attribute.Required, "r"}} {
				if mark.is {
					marks += mark.letter
				}
			}
			got[attribute.Name] = marks
			if len(attribute.Description) < 20 || !strings.HasSuffix(attribute.Description, ".") {
				t.Errorf("%s is described as %q", attribute.Name, attribute.Description)
			}
			if attribute.DescriptionKind != tfprotov6.StringKindMarkdown {
				t.Errorf("%s: the description is not Markdown", attribute.Name)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("o(ptional), c(omputed), s(ensitive), d(eprecated) (-want +got):\n%s", diff)
		}
		if schema.Block.Description == "" {
			t.Error("a schema has no description")
		}
	}
}

// mustContain checks that a text has all parts.
func mustContain(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q is missing in:\n%s", part, text)
		}
	}
}

// mustNotContain checks that a text has none of the parts.
func mustNotContain(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if part != "" && strings.Contains(text, part) {
			t.Errorf("%q stands in:\n%s", part, text)
		}
	}
}
