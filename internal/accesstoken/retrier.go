package accesstoken

import (
	"context"
	"errors"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/hashicorp/terraform-plugin-log/tflog"
)

const (
	// MaxRetries keeps the attempts of one call at four, one below the lock.
	MaxRetries = 3
	// maxUnknown is how many attempts of one call may go unanswered: each may
	// have been a rejection.
	maxUnknown = 2
)

// Retrier repeats attempts that the endpoint has not judged, and once one that
// it may have judged. It repeats nothing else.
type Retrier struct {
	next       Source
	maxRetries int
	maxWait    time.Duration
}

// NewRetrier returns a Retrier that repeats an attempt of next up to maxRetries
// times (at most [MaxRetries]) and waits at most maxWait before each.
func NewRetrier(next Source, maxRetries int, maxWait time.Duration) *Retrier {
	return &Retrier{next: next, maxRetries: min(maxRetries, MaxRetries), maxWait: maxWait}
}

// Token returns the first token, or the last attempt's error with the number of
// attempts in it. It waits as long as the endpoint's Retry-After asks, else
// exponentially longer from half a second with jitter. The end of the context
// ends a wait at once.
func (r *Retrier) Token(ctx context.Context, request Request) (Token, error) {
	pauses := backoff.ExponentialBackOff{
		InitialInterval:     500 * time.Millisecond,
		RandomizationFactor: 0.5,
		Multiplier:          2,
		MaxInterval:         max(r.maxWait, time.Millisecond),
	}
	unknowns := 0
	for attempt := 1; ; attempt++ {
		token, err := r.next.Token(tflog.SetField(ctx, "attempt", attempt), request)
		var failure *Error
		if !errors.As(err, &failure) {
			return token, err
		}
		if failure.Outcome == Unknown {
			unknowns++
		}
		failure.Attempts, failure.unknowns = attempt, unknowns
		if attempt > r.maxRetries || ctx.Err() != nil || !repeatable(failure, request) {
			return Token{}, err
		}
		pause := min(pauses.NextBackOff(), r.maxWait)
		if failure.RetryAfter > 0 {
			pause = min(failure.RetryAfter, r.maxWait)
		}
		tflog.Debug(ctx, "Waiting before the next attempt", map[string]any{
			"attempt": attempt, "outcome": failure.Outcome.String(), "wait_ms": pause.Milliseconds(),
		})
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return Token{}, err
		}
	}
}

func repeatable(failure *Error, request Request) bool {
	switch failure.Outcome {
	case NotJudged:
		return true
	case Unknown:
		return failure.unknowns < maxUnknown && request.mayRepeatUnknown()
	default:
		return false
	}
}
