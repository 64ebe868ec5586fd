package accesstoken

import (
	"errors"
	"slices"
	"time"
)

const (
	// maxRejections is how many successive rejections of an account are risked:
	// the fifth would lock it.
	maxRejections = 4
	// proofLifetime is how long an acceptance lets those who have waited for it send
	// the same credential without waiting for each other.
	proofLifetime = 5 * time.Second
	// unknownLifetime is how long an attempt without an answer counts as a
	// possible rejection.
	unknownLifetime = 15 * time.Minute
	// maxKept bounds what is kept of one account; more is not made in practice.
	maxKept = 64
)

// holdOffs are the pauses after the first and the second rejection of a
// credential: it may just have been created, or be wrong. After the third it is
// not sent again.
var holdOffs = []time.Duration{time.Minute, 15 * time.Minute}

// record is what is known of an account: its last acceptance, and what has been
// rejected, or may have been, since. Credentials stand in it as keyed hashes.
type record struct {
	Accepted   *acceptance `json:"accepted,omitempty"`
	Rejections []rejection `json:"rejections,omitempty"` // one for each credential, the latest last
	Unknowns   []unknown   `json:"unknowns,omitempty"`
}

type acceptance struct {
	Credential string    `json:"credential"`
	At         time.Time `json:"at"`
}

type rejection struct {
	Credential string    `json:"credential"`
	Count      int       `json:"count"`
	At         time.Time `json:"at"` // the latest
	Status     int       `json:"status"`
	Code       string    `json:"code,omitempty"`
	Title      string    `json:"title,omitempty"`
	Message    string    `json:"message,omitempty"`
}

// unknown is an attempt whose answer did not come, or one that is on its way:
// it is written before the request is sent, so that a process that is killed
// leaves it behind.
type unknown struct {
	ID         string    `json:"id"`
	Credential string    `json:"credential"`
	At         time.Time `json:"at"`
}

// check reports what makes a record from a file unusable.
func (r *record) check() error {
	if len(r.Rejections) > maxKept || len(r.Unknowns) > maxKept {
		return errors.New("it holds too much")
	}
	for _, rejection := range r.Rejections {
		if rejection.Count < 1 || rejection.Count > maxKept {
			return errors.New("it holds an impossible number of rejections")
		}
	}
	return nil
}

// settle makes every time that is later than now be now, and reports whether
// there was one: the clock was set back, or the file was tampered with, and
// neither may hold a credential back for longer or prove it.
func (r *record) settle(now time.Time) (changed bool) {
	for i := range r.Rejections {
		if r.Rejections[i].At.After(now) {
			r.Rejections[i].At, changed = now, true
		}
	}
	for i := range r.Unknowns {
		if r.Unknowns[i].At.After(now) {
			r.Unknowns[i].At, changed = now, true
		}
	}
	if r.Accepted != nil && r.Accepted.At.After(now) {
		r.Accepted.At, changed = time.Time{}, true
	}
	return changed
}

// proven reports whether the credential was accepted since a caller came with it,
// so that it can be sent without waiting for others. An earlier acceptance proves
// nothing: the secret may have been revoked, and many would send it at once.
func (r *record) proven(credential string, came, now time.Time) bool {
	return r.everAccepted(credential) && r.Accepted.At.After(came) && now.Sub(r.Accepted.At) < proofLifetime
}

// everAccepted reports whether the credential is the last that was accepted.
func (r *record) everAccepted(credential string) bool {
	return r.Accepted != nil && r.Accepted.Credential == credential
}

// successive returns how many successive attempts were rejected or may have
// been, and how many of these are only possible.
func (r *record) successive(now time.Time) (all, possible int) {
	for _, rejection := range r.Rejections {
		all += min(rejection.Count, maxRejections)
	}
	for _, unknown := range r.Unknowns {
		if now.Sub(unknown.At) < unknownLifetime {
			possible++
		}
	}
	return all + possible, possible
}

// refusal returns why the credential must not be sent now; nil when it may.
// Possible rejections count only for whoever has the account's turn: without it,
// one of them may be an attempt on its way.
func (r *record) refusal(credential string, now time.Time, hasTurn bool) *Error {
	all, possible := r.successive(now)
	own := slices.IndexFunc(r.Rejections, func(r rejection) bool { return r.Credential == credential })
	switch {
	case all-possible >= maxRejections:
		failure := r.Rejections[len(r.Rejections)-1].failure()
		failure.Lockout = &Lockout{Rejections: all, Unknown: possible, NeedsClearing: true}
		return failure
	case own >= 0 && now.Before(r.Rejections[own].heldUntil()):
		failure := r.Rejections[own].failure()
		failure.Lockout = &Lockout{Rejections: all, Unknown: possible}
		if until := r.Rejections[own].heldUntil(); until.Before(forever) {
			failure.Lockout.HeldUntil = until
		}
		return failure
	case all >= maxRejections && hasTurn:
		failure := &Error{Outcome: Unknown, Problem: "the endpoint did not answer earlier attempts, and each may count as a failed one"}
		failure.Lockout = &Lockout{Rejections: all, Unknown: possible, WholeAccount: true, HeldUntil: r.unknownsExpire(all, now)}
		return failure
	}
	return nil
}

// unknownsExpire returns when so many possible rejections are forgotten that
// fewer than maxRejections remain of all.
func (r *record) unknownsExpire(all int, now time.Time) time.Time {
	var expiries []time.Time
	for _, unknown := range r.Unknowns {
		if expiry := unknown.At.Add(unknownLifetime); expiry.After(now) {
			expiries = append(expiries, expiry)
		}
	}
	slices.SortFunc(expiries, time.Time.Compare)
	return expiries[all-maxRejections]
}

var forever = time.Unix(1<<40, 0)

func (r rejection) heldUntil() time.Time {
	if r.Count > len(holdOffs) {
		return forever
	}
	return r.At.Add(holdOffs[r.Count-1])
}

// failure is the error of the rejection. Its texts come from a file that anything
// could have written.
func (r rejection) failure() *Error {
	shown := (&redactor{}).line
	return &Error{
		Outcome: Rejected,
		Problem: answered(r.Status),
		Status:  r.Status,
		API:     APIError{Code: shown(r.Code), Title: shown(r.Title), Message: shown(r.Message)},
	}
}

// attempt is a call that may be sent, with all its repetitions.
type attempt struct {
	id         string
	credential string
	began      time.Time
	alone      bool // nobody else had an attempt on its way that is not proven
}

// begin notes an attempt before it is made.
func (r *record) begin(a attempt, now time.Time) {
	for i := range r.Unknowns {
		if r.Unknowns[i].ID == a.id {
			r.Unknowns[i].At = now // a call may take longer than its notes last
		}
	}
	r.Unknowns = slices.DeleteFunc(r.Unknowns, func(u unknown) bool { return now.Sub(u.At) >= unknownLifetime })
	r.Unknowns = append(r.Unknowns, unknown{ID: a.id, Credential: a.credential, At: now})
}

// end replaces what begin noted by what came of it: failure is nil for a token,
// and unanswered is how many of the attempts stay possible rejections.
func (r *record) end(a attempt, failure *Error, unanswered int, now time.Time) {
	r.Unknowns = slices.DeleteFunc(r.Unknowns, func(u unknown) bool { return u.ID == a.id })
	if failure == nil || failure.Outcome == Accepted {
		r.accept(a, now)
		return
	}
	for range unanswered {
		r.Unknowns = append(r.Unknowns, unknown{Credential: a.credential, At: now})
	}
	if failure.Outcome != Rejected {
		return
	}
	count := 1
	r.Rejections = slices.DeleteFunc(r.Rejections, func(earlier rejection) bool {
		if earlier.Credential != a.credential {
			return false
		}
		count += earlier.Count
		return true
	})
	r.Rejections = append(r.Rejections, rejection{
		Credential: a.credential, Count: min(count, maxKept), At: now,
		Status: failure.Status, Code: failure.API.Code, Title: failure.API.Title, Message: failure.API.Message,
	})
	if r.everAccepted(a.credential) {
		r.Accepted = nil
	}
}

// accept notes an acceptance. It ends the row of rejections, but for those that
// came, or may still come, after the endpoint had judged the attempt: its answer
// may be the slower one.
func (r *record) accept(a attempt, now time.Time) {
	r.Rejections = slices.DeleteFunc(r.Rejections, func(r rejection) bool { return !r.At.After(a.began) })
	r.Unknowns = slices.DeleteFunc(r.Unknowns, func(u unknown) bool {
		onItsWay := u.ID != "" && !a.alone
		return !onItsWay && !u.At.After(a.began)
	})
	revoked := slices.ContainsFunc(r.Rejections, func(r rejection) bool { return r.Credential == a.credential })
	if !revoked {
		r.Accepted = &acceptance{Credential: a.credential, At: now}
	}
}
