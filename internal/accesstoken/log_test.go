package accesstoken

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-log/tflogtest"

	"github.com/equinix-community/terraform-provider-equinix-oauth2/internal/accesstoken/accesstokentest"
)

// logged returns what a call logs: the whole output and its entries.
func logged(t *testing.T, call func(ctx context.Context)) (string, []map[string]any) {
	t.Helper()
	var output bytes.Buffer
	call(tflogtest.RootLogger(t.Context(), &output))
	text := output.String()
	entries, err := tflogtest.MultilineJSONDecode(&output)
	if err != nil {
		t.Fatal(err)
	}
	return text, entries
}

// entryOf returns the only entry with the message.
func entryOf(t *testing.T, entries []map[string]any, message string) map[string]any {
	t.Helper()
	var found []map[string]any
	for _, entry := range entries {
		if entry["@message"] == message {
			found = append(found, entry)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d entries say %q in %v", len(found), message, entries)
	}
	return found[0]
}

func expectFields(t *testing.T, entry, want map[string]any) {
	t.Helper()
	got := map[string]any{}
	for name := range want {
		got[name] = entry[name]
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", entry["@message"], diff)
	}
}

func TestClient_LogsASuccessCompletelyAndMasked(t *testing.T) {
	const secret, extra = `client-"s3cr3t"-<&>`, "extra-s3cr3t-value"
	server := accesstokentest.NewServer(accesstokentest.Account{ClientID: "id", ClientSecret: secret})
	defer server.Close()
	request := requestTo(t, server.URL, fieldsOf(ClientID, "id", ClientSecret, secret, AdditionalProperties, `{"extra":"`+extra+`"}`))

	var token Token
	text, entries := logged(t, func(ctx context.Context) {
		var err error
		if token, err = NewRetrier(NewClient("agent/1", time.Minute), 0, 0).Token(ctx, request); err != nil {
			t.Fatal(err)
		}
	})
	expectNone(t, text, secret, extra, token.AccessToken)
	common := map[string]any{"endpoint": server.URL, "client_id": "id", "grant_type": "client_credentials", "attempt": 1.0, "@level": "debug"}

	expectFields(t, entryOf(t, entries, "Sending a token request"), common)
	sent := entryOf(t, entries, "Token request")
	expectFields(t, sent, map[string]any{
		"@level":  "trace",
		"headers": "Accept: application/json\nContent-Type: application/json\nUser-Agent: agent/1",
		"body":    `{"client_id":"id","client_secret":"***","extra":"***","grant_type":"client_credentials"}`,
	})
	received := entryOf(t, entries, "Token response")
	expectFields(t, received, map[string]any{
		"@level": "trace", "status": 200.0,
		"body": `{"access_token":"***","token_timeout":"3599","token_type":"Bearer","user_name":"mock-user"}`,
	})
	if headers, _ := received["headers"].(string); !strings.Contains(headers, "Content-Type: application/json\n") {
		t.Errorf("the response's headers are %q", headers)
	}
	obtained := entryOf(t, entries, "Obtained an access token")
	expectFields(t, obtained, common)
	expectFields(t, obtained, map[string]any{"status": 200.0, "expiry": token.Expiry.UTC().Format(time.RFC3339)})
	if _, ok := obtained["duration_ms"].(float64); !ok {
		t.Errorf("the duration is %v", obtained["duration_ms"])
	}
}

func TestClient_LogsNoTokenThatTheResponseRepeats(t *testing.T) {
	const accessToken, refreshToken = "acc3ss-value-1234", "r3fresh-value-1234"
	server := accesstokentest.NewServer()
	defer server.Close()
	server.Always(accesstokentest.Fault{
		Header: http.Header{"X-Jwt": {accessToken}, "X-Other": {refreshToken}},
		Body:   `{"access_token":"` + accessToken + `","refresh_token":"` + refreshToken + `","echo":["` + accessToken + `","` + refreshToken + `"]}`,
	})
	text, _ := logged(t, func(ctx context.Context) {
		if _, err := NewClient("agent/1", time.Minute).Token(ctx, requestTo(t, server.URL, fieldsOf(ClientID, "id", ClientSecret, "client-s3cr3t"))); err != nil {
			t.Fatal(err)
		}
	})
	expectNone(t, text, accessToken, refreshToken)
}

func TestClient_LogsAFailureCompletelyAndMasked(t *testing.T) {
	const secret = `client-"s3cr3t"-<&>`
	server := accesstokentest.NewServer()
	defer server.Close()
	server.Always(accesstokentest.Fault{
		Status: http.StatusUnauthorized,
		Header: http.Header{
			"Set-Cookie": {"session=c00kie"}, "X-Auth": {"a0th"}, "X-Echo": {secret}, "X-Csrf-Token": {"csrf0"}, "X-Twice": {"one", "two"},
		},
		Body: `{"errorCode":"S1006","errorMessage":"no","echo":{{payload}}}`,
	})
	request := requestTo(t, server.URL, fieldsOf(ClientID, "id", ClientSecret, secret))
	text, entries := logged(t, func(ctx context.Context) {
		if _, err := NewClient("agent/1", time.Minute).Token(ctx, request); err == nil {
			t.Fatal("there is a token")
		}
	})
	expectNone(t, text, secret, "c00kie", "a0th", "csrf0")
	received := entryOf(t, entries, "Token response")
	expectFields(t, received, map[string]any{
		"status": 401.0,
		"body":   `{"echo":{"client_id":"id","client_secret":"***","grant_type":"client_credentials"},"errorCode":"S1006","errorMessage":"no"}`,
	})
	headers, _ := received["headers"].(string)
	for _, want := range []string{"Set-Cookie: ***\n", "X-Auth: ***\n", "X-Echo: ***\n", "X-Csrf-Token: ***\n", "X-Twice: one, two"} {
		if !strings.Contains(headers, want) {
			t.Errorf("%q is missing in %q", want, headers)
		}
	}
	expectFields(t, entryOf(t, entries, "Obtained no access token"), map[string]any{
		"@level": "debug", "endpoint": server.URL, "client_id": "id", "grant_type": "client_credentials",
		"outcome": "rejected", "status": 401.0, "error_code": "S1006", "problem": "the endpoint answered HTTP 401 Unauthorized",
	})
}

func TestClient_LogsAFailureWithoutResponse(t *testing.T) {
	server := accesstokentest.NewServer()
	defer server.Close()
	server.Always(accesstokentest.Fault{Break: accesstokentest.ResetBeforeHead})
	_, entries := logged(t, func(ctx context.Context) {
		_, _ = NewClient("agent/1", time.Minute).Token(ctx, requestTo(t, server.URL, fieldsOf(ClientID, "id", ClientSecret, "secret")))
	})
	expectFields(t, entryOf(t, entries, "Obtained no access token"), map[string]any{"outcome": "unknown", "status": 0.0, "error_code": ""})
}

func TestLoggedBody_IsShortened(t *testing.T) {
	request := requestWith(t, "id", "client-s3cr3t-value")
	text := loggedBody(request.secrets, []byte(strings.Repeat("é", maxLoggedBody)))
	if len(text) > maxLoggedBody+len("...") || !strings.HasSuffix(text, "é...") {
		t.Errorf("it has %d bytes and ends in %q", len(text), text[len(text)-8:])
	}
	odd := loggedBody(request.secrets, []byte("x"+strings.Repeat("é", maxLoggedBody)))
	if !strings.HasSuffix(odd, "é...") {
		t.Errorf("it ends in %q", odd[len(odd)-8:])
	}
	if whole := loggedBody(request.secrets, bytes.Repeat([]byte("a"), maxLoggedBody)); len(whole) != maxLoggedBody {
		t.Errorf("%d bytes are shortened", maxLoggedBody)
	}
}

// TestClient_FormatsLogFieldsLazily counts allocations: to mask a body takes
// hundreds, to hand it to a logger that writes nothing a few.
func TestClient_FormatsLogFieldsLazily(t *testing.T) {
	request := requestWith(t, "id", "client-s3cr3t-value")
	response := &http.Response{StatusCode: http.StatusOK, Header: http.Header{"X-Header": {"value"}}}
	body := []byte(`{"access_token":"` + strings.Repeat("t", 1000) + `"}`)
	eager := testing.AllocsPerRun(10, func() { loggedBody(request.secrets, body) })
	lazy := testing.AllocsPerRun(10, func() {
		logRequest(context.Background(), request, response.Header)
		logResponse(context.Background(), request, response, body)
	})
	if lazy > eager/2 {
		t.Errorf("without a logger there are %.0f allocations, and %.0f to mask a body", lazy, eager)
	}
}
