package accesstoken

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// peerError is a network error that quotes the other side, as HTTP/2's GOAWAY
// with its debug data does.
type peerError struct{ Data string }

func (e peerError) Error() string { return "the peer said " + e.Data }

func TestError_FormatShowsNoSecret(t *testing.T) {
	failure := &Error{
		Outcome: Unknown, Problem: "the connection broke", Status: 500, Attempts: 2,
		API:   APIError{Code: "S1006", Title: "Login Failure"},
		cause: peerError{Data: "client-s3cret"},
	}
	text := formatted(failure) + formatted(fmt.Errorf("wrapped: %w", failure)) + formatted([]error{failure})
	expectNone(t, text, "client-s3cret")
	if !strings.Contains(text, "the connection broke (S1006 Login Failure)") {
		t.Errorf("the problem is missing in %s", text)
	}
	encoded, err := json.Marshal(failure)
	if err != nil {
		t.Fatal(err)
	}
	expectNone(t, string(encoded), "client-s3cret")
	if !strings.Contains(string(encoded), "S1006") {
		t.Errorf("as JSON it is %s", encoded)
	}
}

func TestError_ErrorIsOneLine(t *testing.T) {
	for want, failure := range map[string]*Error{
		"the connection was refused": {Problem: "the connection was refused"},
		"the endpoint answered HTTP 401 Unauthorized (S1006 Login Failure)": {
			Problem: "the endpoint answered HTTP 401 Unauthorized", Attempts: 1, Lockout: &Lockout{},
			API: APIError{Code: "S1006", Title: "Login Failure"},
		},
		"refused (S1006)":                {Problem: "refused", API: APIError{Code: "S1006"}},
		"refused (Login Failure)":        {Problem: "refused", API: APIError{Title: "Login Failure"}},
		"refused":                        {Problem: "refused", API: APIError{Message: "not shown", Domain: "nor this"}},
		"refused (S1); not sent again":   {Problem: "refused", API: APIError{Code: "S1"}, Lockout: &Lockout{Rejections: 4}},
		"no answer came; not sent again": {Problem: "no answer came", Lockout: &Lockout{HeldUntil: time.Now()}},
	} {
		if got := failure.Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestError_UnwrapReturnsTheCause(t *testing.T) {
	if !errors.Is(&Error{cause: context.Canceled}, context.Canceled) {
		t.Error("the cause is not found")
	}
	if errors.Unwrap(&Error{}) != nil {
		t.Error("there is a cause")
	}
}

func TestError_WithheldIsNoAttemptAndALockout(t *testing.T) {
	for _, row := range []struct {
		attempts int
		lockout  *Lockout
		want     bool
	}{{0, nil, false}, {1, nil, false}, {0, &Lockout{}, true}, {1, &Lockout{}, false}} {
		if got := (&Error{Attempts: row.attempts, Lockout: row.lockout}).Withheld(); got != row.want {
			t.Errorf("%d attempts, lockout %v: %t", row.attempts, row.lockout, got)
		}
	}
}

func TestError_FromAPINeedsTheAPIsOwnWords(t *testing.T) {
	for api, want := range map[APIError]bool{
		{}:                                    false,
		{Domain: "domain"}:                    false,
		{DeveloperMessage: "for a developer"}: false,
		{Code: "S1006"}:                       true,
		{Title: "Login Failure"}:              true,
		{Message: "Login failed"}:             true,
	} {
		if got := (&Error{API: api}).FromAPI(); got != want {
			t.Errorf("%+v: %t", api, got)
		}
	}
}

func TestOutcome_String(t *testing.T) {
	for outcome, want := range map[Outcome]string{
		Accepted: "accepted", Rejected: "rejected", NotJudged: "not judged", Unknown: "unknown", Refused: "refused",
		0: "Outcome(0)", 6: "Outcome(6)",
	} {
		if got := outcome.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
