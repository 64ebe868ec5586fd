package accesstoken

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// failing returns a source whose n-th attempt has the n-th outcome, the last one
// again and again.
func failing(outcomes ...Outcome) *scriptedSource {
	return &scriptedSource{script: func(_ context.Context, n int, _ Request) (Token, error) {
		outcome := outcomes[min(n, len(outcomes))-1]
		if outcome == Accepted {
			return Token{AccessToken: "token"}, nil
		}
		failure := &Error{Outcome: outcome, Problem: "attempt " + string(rune('0'+n)), Attempts: 1}
		if outcome == Unknown {
			failure.unknowns = 1
		}
		return Token{}, failure
	}}
}

func TestRetrier_RepeatsWhatHasNotBeenJudged(t *testing.T) {
	for _, row := range []struct {
		name       string
		outcomes   []Outcome
		maxRetries int
		want       int // attempts
		unknowns   int
	}{
		{"accepted", []Outcome{Accepted}, 3, 1, 0},
		{"rejected", []Outcome{Rejected}, 3, 1, 0},
		{"refused", []Outcome{Refused}, 3, 1, 0},
		{"an unusable answer", []Outcome{0}, 3, 1, 0},
		{"never judged", []Outcome{NotJudged}, 3, 4, 0},
		{"never judged, one retry", []Outcome{NotJudged}, 1, 2, 0},
		{"never judged, no retry", []Outcome{NotJudged}, 0, 1, 0},
		{"never judged, less than none", []Outcome{NotJudged}, -1, 1, 0},
		{"never judged, a thousand retries", []Outcome{NotJudged}, 1000, 4, 0},
		{"judged in the end", []Outcome{NotJudged, NotJudged, NotJudged, Accepted}, 3, 4, 0},
		{"rejected in the end", []Outcome{NotJudged, Rejected, Accepted}, 3, 2, 0},
		{"unknown once", []Outcome{Unknown, Accepted}, 3, 2, 1},
		{"unknown always", []Outcome{Unknown}, 3, 2, 2},
		{"unknown, no retry", []Outcome{Unknown}, 0, 1, 1},
		{"unknown twice", []Outcome{Unknown, NotJudged, Unknown, Accepted}, 3, 3, 2},
		{"unknown between", []Outcome{NotJudged, Unknown, NotJudged, NotJudged, Accepted}, 3, 4, 1},
		{"unknown and rejected", []Outcome{Unknown, Rejected}, 3, 2, 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				source := failing(row.outcomes...)
				token, err := NewRetrier(source, row.maxRetries, time.Second).Token(t.Context(), Request{})
				if source.count() != row.want {
					t.Errorf("%d attempts, want %d", source.count(), row.want)
				}
				if row.outcomes[min(row.want, len(row.outcomes))-1] == Accepted {
					if err != nil || token.AccessToken != "token" {
						t.Errorf("got %v, %v", token, err)
					}
					return
				}
				var failure *Error
				if !errors.As(err, &failure) {
					t.Fatalf("the error is %v", err)
				}
				if failure.Problem != "attempt "+string(rune('0'+row.want)) {
					t.Errorf("the error is %q, not that of the last attempt", failure.Problem)
				}
				if failure.Attempts != row.want || failure.unknowns != row.unknowns {
					t.Errorf("%d attempts, %d unknown; want %d, %d", failure.Attempts, failure.unknowns, row.want, row.unknowns)
				}
				if token != (Token{}) {
					t.Errorf("there is a token beside the error: %v", token)
				}
			})
		})
	}
}

func TestRetrier_AsksTheGuardBeforeItRepeatsAnUnknown(t *testing.T) {
	for _, allowed := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			asked := 0
			request := Request{repeatUnknown: func() bool { asked++; return allowed }}
			source := failing(NotJudged, Unknown, Accepted)
			_, err := NewRetrier(source, 3, time.Second).Token(t.Context(), request)
			if asked != 1 || (err == nil) != allowed || (source.count() == 3) != allowed {
				t.Errorf("allowed %t: asked %d times, %d attempts, %v", allowed, asked, source.count(), err)
			}
		})
	}
}

func TestRetrier_WaitsAsLongAsTheEndpointAsks(t *testing.T) {
	for _, row := range []struct{ retryAfter, maxWait, want time.Duration }{
		{2 * time.Second, time.Minute, 2 * time.Second},
		{time.Millisecond, time.Minute, time.Millisecond},
		{time.Hour, 30 * time.Second, 30 * time.Second},
		{1<<63 - 1, 30 * time.Second, 30 * time.Second},
		{time.Hour, 0, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			source := &scriptedSource{script: func(context.Context, int, Request) (Token, error) {
				return Token{}, &Error{Outcome: NotJudged, RetryAfter: row.retryAfter}
			}}
			_, _ = NewRetrier(source, 2, row.maxWait).Token(t.Context(), Request{})
			if diff := cmp.Diff([]time.Duration{row.want, row.want}, source.pauses()); diff != "" {
				t.Errorf("Retry-After %s, at most %s (-want +got):\n%s", row.retryAfter, row.maxWait, diff)
			}
		})
	}
}

func TestRetrier_BacksOffExponentiallyWithJitter(t *testing.T) {
	distinct := map[time.Duration]bool{}
	for range 50 {
		synctest.Test(t, func(t *testing.T) {
			source := failing(NotJudged)
			_, _ = NewRetrier(source, 3, time.Minute).Token(t.Context(), Request{})
			for i, pause := range source.pauses() {
				middle := 500 * time.Millisecond << i
				if pause < middle/2 || pause > middle*3/2+1 {
					t.Errorf("pause %d is %s, want one around %s", i+1, pause, middle)
				}
				distinct[pause] = true
			}
		})
	}
	if len(distinct) < 100 {
		t.Errorf("150 pauses have %d lengths: no jitter", len(distinct))
	}
}

func TestRetrier_WaitsAtMostMaxWait(t *testing.T) {
	for _, maxWait := range []time.Duration{0, time.Millisecond, 100 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			source := failing(NotJudged)
			_, _ = NewRetrier(source, 3, maxWait).Token(t.Context(), Request{})
			pauses := source.pauses()
			if len(pauses) != 3 {
				t.Fatalf("%d pauses", len(pauses))
			}
			for _, pause := range pauses {
				if pause > maxWait {
					t.Errorf("a pause of %s, want at most %s", pause, maxWait)
				}
			}
		})
	}
}

func TestRetrier_TheContextEndsAWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &scriptedSource{script: func(context.Context, int, Request) (Token, error) {
			return Token{}, &Error{Outcome: NotJudged, Problem: "the endpoint's own", RetryAfter: time.Hour}
		}}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		_, err := NewRetrier(source, 3, time.Hour).Token(ctx, Request{})
		if waited := time.Since(start); waited != time.Minute {
			t.Errorf("it waited for %s", waited)
		}
		var failure *Error
		if !errors.As(err, &failure) || failure.Problem != "the endpoint's own" || failure.Attempts != 1 || source.count() != 1 {
			t.Errorf("%d attempts, error %+v", source.count(), err)
		}
	})
}

func TestRetrier_MakesNoAttemptAfterTheContextsEnd(t *testing.T) {
	for range 20 { // a select would choose either of two that are ready
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			source := &scriptedSource{script: func(context.Context, int, Request) (Token, error) {
				cancel()
				return Token{}, &Error{Outcome: NotJudged}
			}}
			_, err := NewRetrier(source, 3, 0).Token(ctx, Request{})
			var failure *Error
			if source.count() != 1 || !errors.As(err, &failure) {
				t.Errorf("%d attempts, %v", source.count(), err)
			}
		})
	}
}

func TestRetrier_PassesOnErrorsThatAreNoAttempt(t *testing.T) {
	source := &scriptedSource{script: func(context.Context, int, Request) (Token, error) {
		return Token{}, context.Canceled
	}}
	if _, err := NewRetrier(source, 3, 0).Token(t.Context(), Request{}); !errors.Is(err, context.Canceled) || source.count() != 1 {
		t.Errorf("%d attempts, %v", source.count(), err)
	}
}
