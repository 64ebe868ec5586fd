package accesstoken

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// fieldsOf returns arguments that are set: names and values in turn.
func fieldsOf(namesAndValues ...string) Arguments {
	arguments := Arguments{}
	for i := 0; i < len(namesAndValues); i += 2 {
		arguments[namesAndValues[i]] = Argument{Value: namesAndValues[i+1], Set: true}
	}
	return arguments
}

// requestTo returns the request that arguments without problems make.
func requestTo(t testing.TB, endpoint string, arguments Arguments) Request {
	t.Helper()
	parsed, err := ParseEndpoint(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	payload := Merge(arguments)
	for _, problem := range payload.Problems() {
		if !problem.Warning {
			t.Fatalf("the arguments have a problem: %+v", problem)
		}
	}
	request, err := NewRequest(parsed, payload, "", "")
	if err != nil {
		t.Fatal(err)
	}
	return request
}

// requestWith returns a request with these credentials.
func requestWith(t testing.TB, clientID, clientSecret string) Request {
	t.Helper()
	return requestTo(t, DefaultEndpoint, fieldsOf(ClientID, clientID, ClientSecret, clientSecret))
}

// scriptedSource answers the n-th attempt, from 1, as its script says, and notes
// when each was made.
type scriptedSource struct {
	script func(ctx context.Context, n int, request Request) (Token, error)

	mu       sync.Mutex
	attempts []time.Time // guarded by mu
}

func (s *scriptedSource) Token(ctx context.Context, request Request) (Token, error) {
	s.mu.Lock()
	s.attempts = append(s.attempts, time.Now())
	n := len(s.attempts)
	s.mu.Unlock()
	return s.script(ctx, n, request)
}

func (s *scriptedSource) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.attempts)
}

// pauses returns the times between the attempts.
func (s *scriptedSource) pauses() []time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	var pauses []time.Duration
	for i := 1; i < len(s.attempts); i++ {
		pauses = append(pauses, s.attempts[i].Sub(s.attempts[i-1]))
	}
	return pauses
}

// pause waits, or returns the context's error.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// tokenFor returns a token that is requested now and valid for the lifetime.
func tokenFor(lifetime time.Duration, text string) Token {
	now := time.Now()
	return Token{AccessToken: text, Requested: now, Expiry: now.Add(lifetime), Timeout: lifetime}
}

// spellingsOf returns the forms in which a text must not appear.
func spellingsOf(text string) []string {
	quoted, _ := json.Marshal(text)
	twice, _ := json.Marshal(string(quoted[1 : len(quoted)-1]))
	return []string{
		text,
		string(quoted[1 : len(quoted)-1]),
		string(twice[1 : len(twice)-1]),
		url.QueryEscape(text),
		url.PathEscape(text),
		base64.StdEncoding.EncodeToString([]byte(text)),
		base64.RawStdEncoding.EncodeToString([]byte(text)),
		base64.URLEncoding.EncodeToString([]byte(text)),
		base64.RawURLEncoding.EncodeToString([]byte(text)),
	}
}

// expectNone fails if one of the secrets stands in a text, in any spelling.
func expectNone(t testing.TB, text string, secrets ...string) {
	t.Helper()
	for _, secret := range secrets {
		for _, spelling := range spellingsOf(secret) {
			if strings.Contains(text, spelling) {
				t.Errorf("the secret %.60q stands as %.60q in %.2000q", secret, spelling, text)
			}
		}
	}
}

// formats are the ways in which a value becomes a text by accident.
var formats = []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%T %v"}

func formatted(value any) string {
	var all strings.Builder
	for _, format := range formats {
		arguments := []any{value, value}
		fmt.Fprintf(&all, format+"\n", arguments[:strings.Count(format, "%")]...)
	}
	return all.String()
}

func TestToken_FormatShowsNoSecret(t *testing.T) {
	token := Token{
		AccessToken:  "access-t0ken",
		RefreshToken: "refresh-t0ken",
		ResponseBody: `{"access_token":"access-t0ken","refresh_token":"refresh-t0ken"}`,
		Expiry:       time.Date(2026, 2, 3, 4, 5, 6, 0, time.FixedZone("", 3600)),
	}
	for _, value := range []any{token, &token, []Token{token}, struct{ Token Token }{token}} {
		text := formatted(value)
		expectNone(t, text, "access-t0ken", "refresh-t0ken")
		if !strings.Contains(text, "2026-02-03T03:05:06Z") {
			t.Errorf("the expiry is missing in %s", text)
		}
	}
}

func TestRequest_FormatShowsNoSecret(t *testing.T) {
	request := requestTo(t, "https://api.example/prefix", fieldsOf(ClientID, "the-id", ClientSecret, "client-s3cret",
		UserName, "user", UserPassword, "user-s3cret", AdditionalProperties, `{"extra":"extra-s3cret"}`))
	for _, value := range []any{request, &request, []Request{request}, struct{ Request Request }{request}} {
		text := formatted(value)
		expectNone(t, text, "client-s3cret", "user-s3cret", "extra-s3cret")
		for _, want := range []string{"the-id", "https://api.example/prefix"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s is missing in %s", want, text)
			}
		}
	}
	encoded, err := json.Marshal([]any{request})
	if err != nil || string(encoded) != "[{}]" {
		t.Errorf("as JSON it is %s, %v", encoded, err)
	}
}
