package accesstoken

import (
	"context"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-log/tflog"
)

// reuseMargin is the time a cached token must still be valid for: long enough
// for whoever receives it to start its work.
const reuseMargin = 5 * time.Minute

// Cache gives callers that ask for the same token (same endpoint, same payload)
// one token of one request. Errors are not cached: whether another attempt may
// be made is the LockoutGuard's decision.
type Cache struct {
	next        Source
	interrupted <-chan struct{}
	tokens      sync.Map // request key → *cachedToken

	mu      sync.Mutex
	flights map[string]*flight // by request key; guarded by mu
}

// cachedToken holds what a hit needs ready made: a hit is the most frequent
// thing that happens here.
type cachedToken struct {
	token      Token
	reuseUntil time.Time
	logFields  map[string]any
}

// flight is a request for a token on its way, with those who wait for it.
type flight struct {
	cancel  context.CancelFunc
	waiting int           // guarded by Cache.mu
	landed  chan struct{} // closed when token and err are set
	token   Token
	err     error
}

// NewCache returns a Cache in front of next. Once interrupted is closed, it makes
// no more requests and all who wait for one leave; a nil channel means never.
func NewCache(next Source, interrupted <-chan struct{}) *Cache {
	return &Cache{next: next, interrupted: interrupted, flights: map[string]*flight{}}
}

// Token returns a cached token while it is valid for at least five minutes, or
// for half its lifetime if that is shorter. Otherwise it joins or starts the one
// request for it. A caller whose context ends leaves the others waiting; the
// last one to leave cancels the request and sees it out, so that nothing of it
// outlives its callers.
func (c *Cache) Token(ctx context.Context, request Request) (Token, error) {
	if hit, ok := c.hit(request); ok {
		tflog.Debug(ctx, "Reused the access token", hit.logFields)
		return hit.token, nil
	}
	select {
	case <-ctx.Done():
		return Token{}, ctx.Err()
	case <-c.interrupted:
		return Token{}, context.Canceled
	default:
	}
	shared := c.board(ctx, request)
	select {
	case <-shared.landed:
		return shared.token, shared.err
	case <-ctx.Done():
		c.leave(request, shared)
		return Token{}, ctx.Err()
	case <-c.interrupted:
		c.leave(request, shared)
		return Token{}, context.Canceled
	}
}

func (c *Cache) hit(request Request) (*cachedToken, bool) {
	entry, _ := c.tokens.Load(request.key)
	cached, ok := entry.(*cachedToken)
	return cached, ok && time.Now().Before(cached.reuseUntil)
}

func (c *Cache) board(ctx context.Context, request Request) *flight {
	c.mu.Lock()
	defer c.mu.Unlock()
	shared, ok := c.flights[request.key]
	if !ok {
		// The flight keeps the first caller's logger, not its cancellation.
		flightContext, cancel := context.WithCancel(context.WithoutCancel(ctx))
		shared = &flight{cancel: cancel, landed: make(chan struct{})}
		c.flights[request.key] = shared
		go c.fly(flightContext, request, shared)
	}
	shared.waiting++
	return shared
}

func (c *Cache) fly(ctx context.Context, request Request, own *flight) {
	defer own.cancel()
	// Between a caller's look into the cache and its boarding, the flight before
	// this one may have landed.
	if hit, ok := c.hit(request); ok {
		own.token = hit.token
	} else if own.token, own.err = c.next.Token(ctx, request); own.err == nil {
		c.store(request, own.token)
	}
	c.mu.Lock()
	if c.flights[request.key] == own {
		delete(c.flights, request.key)
	}
	c.mu.Unlock()
	close(own.landed)
}

func (c *Cache) leave(request Request, shared *flight) {
	c.mu.Lock()
	shared.waiting--
	last := shared.waiting == 0
	if last && c.flights[request.key] == shared {
		delete(c.flights, request.key)
	}
	c.mu.Unlock()
	if last {
		shared.cancel()
		<-shared.landed
	}
}

func (c *Cache) store(request Request, token Token) {
	margin := min(reuseMargin, token.Expiry.Sub(token.Requested)/2)
	c.tokens.Store(request.key, &cachedToken{
		token:      token,
		reuseUntil: token.Expiry.Add(-margin),
		logFields: map[string]any{
			"endpoint":  request.endpoint.String(),
			"client_id": request.clientID,
			"expiry":    token.Expiry.UTC().Format(time.RFC3339),
		},
	})
}
