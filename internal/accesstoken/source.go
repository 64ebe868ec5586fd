package accesstoken

import (
	"context"
	"fmt"
	"io"
	"time"
)

// Source obtains the token that a request asks for. Implementations are safe
// for concurrent use. An error that comes of an attempt, or of the decision not
// to make one, is an [*Error]; otherwise it is the context's.
type Source interface {
	Token(ctx context.Context, request Request) (Token, error)
}

// Token is an access token with what the endpoint says of it. A field that the
// response lacks, or that cannot be read, has its zero value.
type Token struct {
	AccessToken string
	Type        string // "Bearer"
	UserName    string // the account that the token belongs to

	// Requested is the moment before the request was sent, on the local clock.
	Requested time.Time
	// Expiry is Requested plus Timeout, or plus the documented hour without one.
	Expiry time.Time
	// Timeout is the lifetime as the response states it, in whole seconds.
	Timeout time.Duration

	RefreshToken        string        // password grant only
	RefreshTokenTimeout time.Duration // in whole seconds; password grant only

	// ResponseBody is the JSON object as received.
	ResponseBody string
}

// Format keeps the token out of every text that a token is formatted into.
func (t Token) Format(state fmt.State, _ rune) {
	_, _ = io.WriteString(state, "accesstoken.Token(expires "+t.Expiry.UTC().Format(time.RFC3339)+")")
}
