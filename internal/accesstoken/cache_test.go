package accesstoken

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// issuing returns a source that takes a second to issue a token with the
// lifetime, unless its context ends.
func issuing(lifetime time.Duration) *scriptedSource {
	return &scriptedSource{script: func(ctx context.Context, n int, _ Request) (Token, error) {
		token := tokenFor(lifetime, fmt.Sprintf("token %d", n))
		if err := pause(ctx, time.Second); err != nil {
			return Token{}, err
		}
		return token, nil
	}}
}

func TestCache_ReusesATokenUntilItsMargin(t *testing.T) {
	for lifetime, reused := range map[time.Duration]time.Duration{
		time.Hour:        55 * time.Minute,
		10 * time.Minute: 5 * time.Minute,
		4 * time.Minute:  2 * time.Minute,
		10 * time.Second: 5 * time.Second,
	} {
		synctest.Test(t, func(t *testing.T) {
			source := issuing(lifetime)
			cache := NewCache(source, nil)
			request := requestWith(t, "id", "secret")
			ask := func(want string) {
				t.Helper()
				if token, err := cache.Token(t.Context(), request); err != nil || token.AccessToken != want {
					t.Errorf("lifetime %s: got %q, %v; want %q", lifetime, token.AccessToken, err, want)
				}
			}
			start := time.Now()
			ask("token 1")
			time.Sleep(time.Until(start.Add(reused - 1)))
			ask("token 1")
			time.Sleep(time.Nanosecond)
			ask("token 2")
			if source.count() != 2 {
				t.Errorf("%d requests", source.count())
			}
		})
	}
}

func TestCache_DoesNotKeepATokenWithoutLifetime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := issuing(0)
		cache := NewCache(source, nil)
		for range 2 {
			if _, err := cache.Token(t.Context(), requestWith(t, "id", "secret")); err != nil {
				t.Error(err)
			}
		}
		if source.count() != 2 {
			t.Errorf("%d requests", source.count())
		}
	})
}

func TestCache_SendsOneRequestForAThousandCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := issuing(time.Hour)
		cache := NewCache(source, nil)
		var group sync.WaitGroup
		for range 1000 {
			group.Go(func() {
				if token, err := cache.Token(t.Context(), requestWith(t, "id", "secret")); err != nil || token.AccessToken != "token 1" {
					t.Errorf("got %q, %v", token.AccessToken, err)
				}
			})
		}
		start := time.Now()
		group.Wait()
		if source.count() != 1 || time.Since(start) != time.Second {
			t.Errorf("%d requests", source.count())
		}
	})
}

func TestCache_SendsARequestForEachKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := issuing(time.Hour)
		cache := NewCache(source, nil)
		var group sync.WaitGroup
		start := time.Now()
		for i := range 1000 {
			group.Go(func() {
				if _, err := cache.Token(t.Context(), requestWith(t, "id", fmt.Sprintf("secret %d", i%2))); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if source.count() != 2 || time.Since(start) != time.Second {
			t.Errorf("%d requests", source.count())
		}
	})
}

func TestCache_SharesAnErrorAndKeepsNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &scriptedSource{script: func(ctx context.Context, n int, _ Request) (Token, error) {
			_ = pause(ctx, time.Second)
			if n == 1 {
				return Token{}, &Error{Outcome: NotJudged, Problem: "the first"}
			}
			return tokenFor(time.Hour, "token"), nil
		}}
		cache := NewCache(source, nil)
		request := requestWith(t, "id", "secret")
		var group sync.WaitGroup
		for range 100 {
			group.Go(func() {
				var failure *Error
				if _, err := cache.Token(t.Context(), request); !errors.As(err, &failure) || failure.Problem != "the first" {
					t.Errorf("got %v", err)
				}
			})
		}
		group.Wait()
		if token, err := cache.Token(t.Context(), request); err != nil || token.AccessToken != "token" {
			t.Errorf("got %v, %v", token, err)
		}
		if source.count() != 2 {
			t.Errorf("%d requests", source.count())
		}
	})
}

func TestCache_EndsWhenItIsInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := issuing(time.Hour)
		interrupted := make(chan struct{})
		cache := NewCache(source, interrupted)
		request := requestWith(t, "id", "secret")
		var group sync.WaitGroup
		for range 10 {
			group.Go(func() {
				if _, err := cache.Token(t.Context(), request); !errors.Is(err, context.Canceled) {
					t.Errorf("got %v", err)
				}
			})
		}
		synctest.Wait()
		start := time.Now()
		close(interrupted)
		group.Wait()
		if _, err := cache.Token(t.Context(), request); !errors.Is(err, context.Canceled) {
			t.Errorf("afterwards: got %v", err)
		}
		if source.count() != 1 || !time.Now().Equal(start) {
			t.Errorf("%d requests, over after %s", source.count(), time.Since(start))
		}
	})
}

func TestCache_ALeaverDoesNotStopTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := issuing(time.Hour)
		cache := NewCache(source, nil)
		request := requestWith(t, "id", "secret")
		first, leave := context.WithCancel(t.Context())
		var group sync.WaitGroup
		group.Go(func() {
			if _, err := cache.Token(first, request); !errors.Is(err, context.Canceled) {
				t.Errorf("the leaver got %v", err)
			}
		})
		synctest.Wait()
		group.Go(func() {
			if token, err := cache.Token(t.Context(), request); err != nil || token.AccessToken != "token 1" {
				t.Errorf("the one who stays got %v, %v", token, err)
			}
		})
		synctest.Wait()
		leave()
		group.Wait()
		if source.count() != 1 {
			t.Errorf("%d requests", source.count())
		}
	})
}

func TestCache_TheLastLeaverCancelsTheFlightAndSeesItOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ended atomic.Bool
		source := &scriptedSource{script: func(ctx context.Context, n int, _ Request) (Token, error) {
			if n > 1 {
				return tokenFor(time.Hour, "token"), nil
			}
			<-ctx.Done()
			time.Sleep(time.Second) // an orderly end takes a while
			ended.Store(true)
			return Token{}, ctx.Err()
		}}
		cache := NewCache(source, nil)
		request := requestWith(t, "id", "secret")
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var group sync.WaitGroup
		var sawEnd atomic.Int32
		for range 10 {
			group.Go(func() {
				if _, err := cache.Token(ctx, request); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("got %v", err)
				}
				if ended.Load() {
					sawEnd.Add(1)
				}
			})
		}
		group.Wait()
		if sawEnd.Load() == 0 {
			t.Error("nobody saw the flight end")
		}
		if token, err := cache.Token(t.Context(), request); err != nil || token.AccessToken != "token" {
			t.Errorf("the next caller got %v, %v", token, err)
		}
	})
}

func TestCache_ACallerDoesNotJoinACancelledFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &scriptedSource{script: func(ctx context.Context, n int, _ Request) (Token, error) {
			if n == 1 {
				<-ctx.Done()
				time.Sleep(time.Second)
				return Token{}, ctx.Err()
			}
			return tokenFor(time.Hour, "token"), nil
		}}
		cache := NewCache(source, nil)
		request := requestWith(t, "id", "secret")
		ctx, cancel := context.WithCancel(t.Context())
		var group sync.WaitGroup
		group.Go(func() { _, _ = cache.Token(ctx, request) })
		synctest.Wait()
		cancel()
		synctest.Wait() // the flight is ending
		if token, err := cache.Token(t.Context(), request); err != nil || token.AccessToken != "token" {
			t.Errorf("got %v, %v", token, err)
		}
		group.Wait()
		if token, err := cache.Token(t.Context(), request); err != nil || source.count() != 2 {
			t.Errorf("%d requests, %v, %v", source.count(), token, err)
		}
	})
}

// TestCache_ALandingFlightRemovesOnlyItself lets a cancelled flight land while
// the next one is on its way.
func TestCache_ALandingFlightRemovesOnlyItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &scriptedSource{script: func(ctx context.Context, n int, _ Request) (Token, error) {
			if n == 1 {
				<-ctx.Done()
				time.Sleep(time.Second)
				return Token{}, ctx.Err()
			}
			return tokenFor(time.Hour, "token"), pause(ctx, time.Minute)
		}}
		cache := NewCache(source, nil)
		request := requestWith(t, "id", "secret")
		ctx, cancel := context.WithCancel(t.Context())
		var group sync.WaitGroup
		group.Go(func() { _, _ = cache.Token(ctx, request) })
		synctest.Wait()
		cancel()
		synctest.Wait()
		ask := func() {
			if _, err := cache.Token(t.Context(), request); err != nil {
				t.Error(err)
			}
		}
		group.Go(ask)
		time.Sleep(2 * time.Second) // the first has landed
		group.Go(ask)
		group.Wait()
		if source.count() != 2 {
			t.Errorf("%d requests", source.count())
		}
	})
}

func TestCache_ACallerWhoHasLeftCausesNoRequest(t *testing.T) {
	source := issuing(time.Hour)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := NewCache(source, nil).Token(ctx, requestWith(t, "id", "secret")); !errors.Is(err, context.Canceled) || source.count() != 0 {
		t.Errorf("%d requests, %v", source.count(), err)
	}
}

func TestCache_AFlightTakesTheTokenOfTheOneBefore(t *testing.T) {
	source := issuing(time.Hour)
	cache := NewCache(source, nil)
	request := requestWith(t, "id", "secret")
	cache.store(request, tokenFor(time.Hour, "landed meanwhile"))
	own := cache.board(t.Context(), request) // as after a look into the cache that came too early
	<-own.landed
	if own.err != nil || own.token.AccessToken != "landed meanwhile" || source.count() != 0 {
		t.Errorf("%d requests, %v, %v", source.count(), own.token, own.err)
	}
}

func TestCache_LogsAReuse(t *testing.T) {
	source := &scriptedSource{script: func(context.Context, int, Request) (Token, error) {
		return tokenFor(time.Hour, "the-t0ken-itself"), nil
	}}
	cache := NewCache(source, nil)
	text, entries := logged(t, func(ctx context.Context) {
		for range 2 {
			if _, err := cache.Token(ctx, requestWith(t, "id", "client-s3cret")); err != nil {
				t.Fatal(err)
			}
		}
	})
	expectNone(t, text, "the-t0ken-itself", "client-s3cret")
	expectFields(t, entryOf(t, entries, "Reused the access token"), map[string]any{
		"@level": "debug", "endpoint": DefaultEndpoint, "client_id": "id",
	})
}

// lockingEndpoint accepts one secret of each account and counts, as Equinix
// does, the successive attempts that it judges invalid. It is slow and flaky.
type lockingEndpoint struct {
	mu       sync.Mutex
	random   *rand.Rand
	streak   map[string]int // by client ID
	longest  int
	attempts int
	inside   int
}

func (e *lockingEndpoint) chance(n int) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.random.IntN(n)
}

func (e *lockingEndpoint) Token(ctx context.Context, request Request) (Token, error) {
	e.mu.Lock()
	e.attempts++
	e.inside++
	e.mu.Unlock()
	defer func() {
		e.mu.Lock()
		e.inside--
		e.mu.Unlock()
	}()
	broken := &Error{Outcome: NotJudged, Problem: "there is no connection", Attempts: 1}
	if pause(ctx, time.Duration(e.chance(200))*time.Millisecond) != nil || e.chance(5) == 0 {
		return Token{}, broken
	}
	e.mu.Lock()
	valid := request.clientSecret == "right"
	if valid {
		e.streak[request.clientID] = 0
	} else {
		e.streak[request.clientID]++
		e.longest = max(e.longest, e.streak[request.clientID])
	}
	e.mu.Unlock()
	token := tokenFor(time.Duration(1+e.chance(10))*time.Second, "token")
	if pause(ctx, time.Duration(e.chance(500))*time.Millisecond) != nil || e.chance(10) == 0 {
		return Token{}, &Error{Outcome: Unknown, Problem: "the answer is lost", Attempts: 1, unknowns: 1}
	}
	if !valid {
		return Token{}, &Error{Outcome: Rejected, Problem: "rejected", Status: 401, Attempts: 1}
	}
	return token, nil
}

// TestCache_ChurnNeitherLocksNorLeaks sends callers that come and go through the
// whole row of sources. That the test ends says that nobody was forgotten:
// synctest fails where a goroutine stays.
func TestCache_ChurnNeitherLocksNorLeaks(t *testing.T) {
	for seed := range uint64(8) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				endpoint := &lockingEndpoint{random: rand.New(rand.NewPCG(seed, 1)), streak: map[string]int{}}
				cache := NewCache(NewLockoutGuard(NewRetrier(endpoint, MaxRetries, time.Second), ""), nil)
				// A right and some wrong secrets for one account, wrong ones alone for
				// another, a right one alone for the third.
				var requests []Request
				for _, pair := range [][2]string{
					{"both", "right"},
					{"both", "wrong 1"},
					{"both", "wrong 2"},
					{"wrong", "wrong 1"},
					{"wrong", "wrong 2"},
					{"wrong", "wrong 3"},
					{"wrong", "wrong 4"},
					{"wrong", "wrong 5"},
					{"wrong", "wrong 6"},
					{"right", "right"},
				} {
					requests = append(requests, requestWith(t, pair[0], pair[1]))
				}
				var group sync.WaitGroup
				var tokens atomic.Int32
				for range 3000 {
					request := requests[endpoint.chance(len(requests))]
					comes := time.Duration(endpoint.chance(60_000)) * time.Millisecond
					stays := time.Duration(endpoint.chance(3_000)) * time.Millisecond
					patient := endpoint.chance(4) == 0
					group.Go(func() {
						time.Sleep(comes)
						ctx, cancel := context.WithCancel(t.Context())
						defer cancel()
						if !patient {
							timer := time.AfterFunc(stays, cancel)
							defer timer.Stop()
						}
						token, err := cache.Token(ctx, request)
						var failure *Error
						switch {
						case err == nil && (token.AccessToken != "token" || request.clientSecret != "right"):
							t.Errorf("%v has the token %v", request, token)
						case err == nil:
							tokens.Add(1)
						case errors.As(err, &failure):
						case patient || !errors.Is(err, context.Canceled):
							t.Errorf("%v has the error %v", request, err)
						}
					})
				}
				group.Wait()
				if endpoint.inside != 0 {
					t.Errorf("%d attempts are still on their way", endpoint.inside)
				}
				if diff := cmp.Diff(0, len(cache.flights)); diff != "" {
					t.Errorf("flights (-want +got):\n%s", diff)
				}
				if tokens.Load() == 0 {
					t.Error("nobody got a token")
				}
				if endpoint.longest > maxRejections {
					t.Errorf("%d successive invalid attempts, of %d in all: the account is locked", endpoint.longest, endpoint.attempts)
				}
				t.Logf("%d attempts, %d tokens, at most %d successive invalid attempts", endpoint.attempts, tokens.Load(), endpoint.longest)
			})
		})
	}
}
