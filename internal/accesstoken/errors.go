package accesstoken

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// Outcome is what came of an attempt to obtain a token. The Client decides it;
// the Retrier and the LockoutGuard act on it.
type Outcome int

const (
	// Accepted is a response with status 200, also when its body is unusable:
	// the endpoint took the credentials.
	Accepted Outcome = iota + 1
	// Rejected is status 400, 401 or 403: it counts towards the account's lock.
	Rejected
	// NotJudged is an attempt that cannot have been judged: no connection, a
	// failed TLS handshake, or status 429, 502 or 503.
	NotJudged
	// Unknown is an attempt that may have been judged: status 408, 500 or 504, or
	// a time-out or broken connection after the request went out.
	Unknown
	// Refused is everything else, redirects included: trying again cannot help.
	Refused
)

// String returns the outcome as it stands in logs.
func (o Outcome) String() string {
	switch o {
	case Accepted:
		return "accepted"
	case Rejected:
		return "rejected"
	case NotJudged:
		return "not judged"
	case Unknown:
		return "unknown"
	case Refused:
		return "refused"
	}
	return fmt.Sprintf("Outcome(%d)", int(o))
}

// Error says why there is no token. It holds no body and no secret: every text
// from outside has been scrubbed and shortened.
type Error struct {
	// Outcome is that of the last attempt; of a withheld request, that of the
	// attempt for which it is withheld.
	Outcome Outcome
	// Problem says what happened, as a clause: "the connection was refused".
	Problem string
	// Status is the HTTP status code; 0 when there was no response.
	Status int
	// API is the error as the endpoint describes it, its fields empty where the
	// response says nothing.
	API APIError
	// Location is where a redirect pointed.
	Location string
	// RetryAfter is the pause that the endpoint asks for; 0 without one.
	RetryAfter time.Duration
	// Attempts is how many requests this call sent; 0 when it was withheld.
	Attempts int
	// Lockout is what the LockoutGuard knows of the account; nil when the
	// attempt says nothing about the credentials.
	Lockout *Lockout

	// unknowns is how many of the attempts had the outcome Unknown.
	unknowns int
	cause    error
}

// APIError is the body of an error response, in either spelling (error_code of
// the specification, errorCode of the servers).
type APIError struct {
	Domain           string
	Code             string // "S1006"
	Title            string // "Login Failure"
	DeveloperMessage string
	Message          string
}

// Lockout is what is known of an account that has had rejections since it was
// last accepted.
type Lockout struct {
	// Rejections is how many successive attempts were rejected, or may have been.
	Rejections int
	// Unknown is how many of them may have been: no answer tells.
	Unknown int
	// WholeAccount says that HeldUntil is for every credential of the account.
	WholeAccount bool
	// HeldUntil is when the credential may be sent again; zero when only a change
	// of the credential, or of the record, ends the hold.
	HeldUntil time.Time
	// NeedsClearing says that nothing is sent for the account, whatever the
	// credential, until the record is cleared.
	NeedsClearing bool
	// Record is the file that remembers this; empty when only this process does.
	Record string
}

// Error describes the failure in one line.
func (e *Error) Error() string {
	var text strings.Builder
	text.WriteString(e.Problem)
	if e.API.Code != "" || e.API.Title != "" {
		text.WriteString(" (" + strings.TrimSpace(e.API.Code+" "+e.API.Title) + ")")
	}
	if e.Withheld() {
		text.WriteString("; not sent again")
	}
	return text.String()
}

// Format keeps the cause, which is not scrubbed, out of every text that the
// error is formatted into.
func (e *Error) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, e.Error()) }

// Unwrap returns the error of the network or the context, if that was the cause.
func (e *Error) Unwrap() error { return e.cause }

// Withheld reports whether the LockoutGuard kept the request from being sent.
func (e *Error) Withheld() bool { return e.Attempts == 0 && e.Lockout != nil }

// FromAPI reports whether the response carried Equinix's own error. A rejection
// that does not may come from something in between, such as a proxy.
func (e *Error) FromAPI() bool { return e.API.Code != "" || e.API.Title != "" || e.API.Message != "" }
