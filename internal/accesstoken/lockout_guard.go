package accesstoken

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-log/tflog"
)

// LockoutGuard keeps an account from being locked by what this provider sends.
//
// A credential that is not proven goes alone: other requests for its account
// wait, here and in other processes of the same user, and act on what came of
// it. What is rejected is not sent again: never within a process, and across
// processes for a minute, then fifteen, then not until it changes. After four
// successive rejections nothing is sent for the account. What is remembered
// across processes stands in a file for each account; an account is an endpoint,
// a client ID and, with the password grant, a user name.
type LockoutGuard struct {
	next Source
	path string // of the folder; empty: memory only

	opening sync.Once // of what follows, when a token is first asked for
	hashes  *hashes
	folder  *recordFolder // nil: memory only

	mu       sync.Mutex
	accounts map[string]*account // by the account's hash; guarded by mu
}

// account is what this process knows of one account.
type account struct {
	turn chan struct{} // holds one element while nobody has the turn
	file *recordFile   // nil: only memory counts

	mu       sync.Mutex
	memory   record               // guarded by mu
	rejected map[string]rejection // by credential, until the process ends; guarded by mu
}

// patience is how long a request waits for its turn. It is longer than one call
// with all its retries and time-outs takes by default.
const patience = 5 * time.Minute

// turnPoll is how often a waiting request looks whether another process is done.
const turnPoll = 25 * time.Millisecond

// NewLockoutGuard returns a guard in front of next that remembers in the folder,
// which it creates when a token is first asked for. An empty folder, or one that
// cannot be used, means that it remembers for this process alone.
func NewLockoutGuard(next Source, folder string) *LockoutGuard {
	return &LockoutGuard{next: next, path: folder, accounts: map[string]*account{}}
}

func (g *LockoutGuard) open(ctx context.Context) {
	key := []byte(rand.Text())
	if g.path != "" {
		folder, stored, err := openRecordFolder(g.path)
		if err == nil {
			g.folder, key = folder, stored
		} else {
			logUnusable(ctx, g.path, err)
		}
	}
	g.hashes = newHashes(key)
}

// Token sends the request on if that cannot lock the account. The error for one
// that is withheld is the rejection for which it is, with its Lockout.
func (g *LockoutGuard) Token(ctx context.Context, request Request) (Token, error) {
	g.opening.Do(func() { g.open(ctx) })
	account := g.account(request)
	credential := g.hashes.credential(request)

	verdict, release, err := account.admit(ctx, credential)
	defer release()
	if err != nil {
		var withheld *Error
		if errors.As(err, &withheld) {
			tflog.Debug(ctx, "Withheld a token request", logFields(request, map[string]any{"reason": withheld.Error()}))
		}
		return Token{}, err
	}
	tflog.Debug(ctx, "The lockout guard lets a token request pass", logFields(request, map[string]any{"proven": verdict.proven}))

	// An attempt with a trusted credential is no possible rejection, and one with a
	// proven credential none while its answer is out.
	attempt := attempt{id: rand.Text(), credential: credential, began: time.Now(), alone: !verdict.proven}
	if !verdict.trusted && !verdict.proven {
		account.update(ctx, func(r *record) { r.begin(attempt, time.Now()) })
	}
	if !verdict.trusted {
		request.repeatUnknown = func() bool { return account.repeat(ctx, attempt) }
	}
	token, err := g.next.Token(ctx, request)
	var failure *Error
	if err != nil && !errors.As(err, &failure) {
		failure = &Error{Outcome: NotJudged}
	}
	unanswered := 0
	if failure != nil && !verdict.trusted {
		unanswered = failure.unknowns
	}
	// A call that is interrupted has an outcome, too.
	account.update(context.WithoutCancel(ctx), func(r *record) { r.end(attempt, failure, unanswered, time.Now()) })
	if failure != nil && (failure.Outcome == Rejected || unanswered > 0) {
		failure.Lockout = account.lockout(ctx, credential)
	}
	return token, err
}

func (g *LockoutGuard) account(request Request) *account {
	id := g.hashes.account(request)
	g.mu.Lock()
	defer g.mu.Unlock()
	known, ok := g.accounts[id]
	if !ok {
		known = &account{turn: make(chan struct{}, 1), rejected: map[string]rejection{}}
		known.turn <- struct{}{}
		if g.folder != nil {
			known.file = g.folder.record(id)
		}
		g.accounts[id] = known
	}
	return known
}

// verdict is what the records say of a credential that may be sent.
type verdict struct {
	proven  bool // it need not wait for others
	trusted bool // it was the last to be accepted, and nothing was rejected since
}

// judge returns the verdict on a credential that a caller came with, or the error
// for which it must not be sent.
func (a *account) judge(ctx context.Context, credential string, came time.Time, hasTurn bool) (verdict, error) {
	now := time.Now()
	stored := a.stored(ctx)
	if refusal := stored.refusal(credential, now, hasTurn); refusal != nil {
		refusal.Lockout.Record = a.file.path
		return verdict{}, refusal
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	// Whatever else is accepted meanwhile, this process does not send it again.
	if earlier, ok := a.rejected[credential]; ok {
		refusal := earlier.failure()
		all, possible := a.memory.successive(now)
		refusal.Lockout = &Lockout{Rejections: max(all, earlier.Count), Unknown: possible, NeedsClearing: all-possible >= maxRejections}
		return verdict{}, refusal
	}
	if refusal := a.memory.refusal(credential, now, hasTurn); refusal != nil {
		return verdict{}, refusal
	}
	inStored, _ := stored.successive(now)
	inMemory, _ := a.memory.successive(now)
	return verdict{
		proven:  stored.proven(credential, came, now) || a.memory.proven(credential, came, now),
		trusted: inStored+inMemory == 0 && (stored.everAccepted(credential) || a.memory.everAccepted(credential)),
	}, nil
}

// stored returns the record that all processes share; an empty one where there
// is none, or none that can be used.
func (a *account) stored(ctx context.Context) record {
	if a.file == nil {
		return record{}
	}
	stored, settled, err := a.file.read()
	if settled && err == nil {
		err = a.file.update(ctx, func(*record) {}) // so that its times run from now on
	}
	if err != nil {
		logUnusable(ctx, a.file.path, err)
	}
	return stored
}

// admit waits until the credential may be sent. Unless it is proven, it holds
// the account's turn until release is called.
func (a *account) admit(ctx context.Context, credential string) (v verdict, release func(), err error) {
	came := time.Now()
	release = func() {}
	if _, err = a.judge(ctx, credential, came, false); err != nil {
		return v, release, err
	}
	tflog.Debug(ctx, "Waiting for other requests for the account, if there are any")
	ctx, cancel := context.WithTimeoutCause(ctx, patience, a.lostPatience())
	defer cancel()
	select {
	case <-a.turn:
		release = func() { a.turn <- struct{}{} }
	case <-ctx.Done():
		return v, release, context.Cause(ctx)
	}
	for {
		taken, unlock := a.tryTurn(ctx)
		v, err = a.judge(ctx, credential, came, taken)
		if taken && !v.proven && err == nil {
			return v, func() { unlock(); a.turn <- struct{}{} }, nil
		}
		unlock()
		if v.proven || err != nil {
			release()
			return v, func() {}, err
		}
		select {
		case <-time.After(turnPoll):
		case <-ctx.Done():
			return v, release, context.Cause(ctx)
		}
	}
}

// tryTurn takes the turn across processes if no other process has it. Where
// there is no file to lock, this process's turn is all there is.
func (a *account) tryTurn(ctx context.Context) (taken bool, unlock func()) {
	if a.file == nil {
		return true, func() {}
	}
	taken, unlock, err := a.file.tryTurn()
	if err != nil {
		logUnusable(ctx, a.file.path, err)
		return true, func() {}
	}
	return taken, unlock
}

func (a *account) lostPatience() error {
	problem := fmt.Sprintf("other requests for the same account have not ended within %s", patience)
	if a.file != nil {
		problem += ", in this run or in another, which holds the lock of " + a.file.turn.Path()
	}
	return &Error{Outcome: NotJudged, Problem: problem}
}

// repeat notes a further attempt of the same call after one without an answer,
// and reports whether it may be made.
func (a *account) repeat(ctx context.Context, again attempt) bool {
	a.update(ctx, func(r *record) { r.begin(again, time.Now()) })
	known, _ := a.successive(ctx)
	return known <= maxRejections
}

// successive returns the larger of the counts that this process and all
// processes have of the account.
func (a *account) successive(ctx context.Context) (all, possible int) {
	now := time.Now()
	stored := a.stored(ctx)
	all, possible = stored.successive(now)
	a.mu.Lock()
	defer a.mu.Unlock()
	if own, ownPossible := a.memory.successive(now); own > all {
		return own, ownPossible
	}
	return all, possible
}

// update changes what this process knows, and what all processes do.
func (a *account) update(ctx context.Context, change func(*record)) {
	a.mu.Lock()
	change(&a.memory)
	for _, rejection := range a.memory.Rejections {
		a.rejected[rejection.Credential] = rejection
	}
	a.mu.Unlock()
	if a.file == nil {
		return
	}
	if err := a.file.update(ctx, change); err != nil {
		logUnusable(ctx, a.file.path, err)
	}
}

// lockout describes what is known after an attempt with the credential.
func (a *account) lockout(ctx context.Context, credential string) *Lockout {
	_, err := a.judge(ctx, credential, time.Now(), true)
	var refusal *Error
	if errors.As(err, &refusal) {
		return refusal.Lockout
	}
	all, possible := a.successive(ctx)
	return &Lockout{Rejections: all, Unknown: possible}
}

func logUnusable(ctx context.Context, path string, err error) {
	tflog.Debug(ctx, "The lockout guard cannot use a file and remembers for this process alone", map[string]any{
		"path": path, "error": err.Error(),
	})
}
