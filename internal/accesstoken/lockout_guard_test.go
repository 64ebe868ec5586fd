package accesstoken

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/equinix-community/terraform-provider-equinix-oauth2/internal/accesstoken/accesstokentest"
)

// TestMain makes the test binary a process of its own that shares a folder with
// others, when a test starts it so.
func TestMain(m *testing.M) {
	if task := os.Getenv(processVariable); task != "" {
		os.Exit(runProcess(task))
	}
	os.Exit(m.Run())
}

const processVariable = "ACCESSTOKEN_TEST_PROCESS"

// process is a task for a process of its own: some calls, one after the other,
// through one guard.
type process struct {
	Folder       string
	Endpoint     string
	ClientID     string
	ClientSecret string
	Calls        int
	// Hindrance is what the process does to itself first; see hinder.
	Hindrance string
}

// processReport is what came of the calls.
type processReport struct {
	Key   []byte
	Calls []callReport
}

type callReport struct {
	Token      bool
	Withheld   bool
	Outcome    string
	Rejections int
	Record     string
	Problem    string
}

// start runs the task in a process of its own, which ends with the test at the
// latest.
func (p process) start(t *testing.T) (*exec.Cmd, io.Reader) {
	t.Helper()
	task, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), os.Args[0])
	command.Env = append(os.Environ(), processVariable+"="+string(task))
	command.Stderr = os.Stderr
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	return command, output
}

// run runs the task in as many processes at once.
func (p process) run(t *testing.T, processes int) []processReport {
	t.Helper()
	commands := make([]*exec.Cmd, processes)
	outputs := make([]io.Reader, processes)
	for i := range processes {
		commands[i], outputs[i] = p.start(t)
	}
	reports := make([]processReport, processes)
	for i := range processes {
		if err := json.NewDecoder(outputs[i]).Decode(&reports[i]); err != nil {
			t.Errorf("process %d reports nothing: %s", i, err)
		}
		if err := commands[i].Wait(); err != nil {
			t.Errorf("process %d: %s", i, err)
		}
	}
	return reports
}

func runProcess(task string) int {
	fail := func(err error) int {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	var p process
	if err := json.Unmarshal([]byte(task), &p); err != nil {
		return fail(err)
	}
	if err := hinder(p.Hindrance); err != nil {
		return fail(err)
	}
	var report processReport
	if p.Endpoint == "" {
		folder, key, err := openRecordFolder(p.Folder)
		if folder == nil {
			return fail(err)
		}
		report.Key = key
	}
	guard := NewLockoutGuard(NewClient("test", time.Minute), p.Folder)
	for range p.Calls {
		endpoint, err := ParseEndpoint(p.Endpoint)
		if err != nil {
			return fail(err)
		}
		request, err := NewRequest(endpoint, Merge(nil), p.ClientID, p.ClientSecret)
		if err != nil {
			return fail(err)
		}
		token, err := guard.Token(context.Background(), request)
		report.Calls = append(report.Calls, reportOf(token, err))
	}
	if err := json.NewEncoder(os.Stdout).Encode(report); err != nil {
		return fail(err)
	}
	return 0
}

func reportOf(token Token, err error) callReport {
	report := callReport{Token: token.AccessToken != ""}
	var failure *Error
	if !errors.As(err, &failure) {
		return report
	}
	report.Outcome, report.Withheld, report.Problem = failure.Outcome.String(), failure.Withheld(), failure.Problem
	if failure.Lockout != nil {
		report.Rejections, report.Record = failure.Lockout.Rejections, failure.Lockout.Record
	}
	return report
}

// fakeEquinix judges as Equinix does: five successive rejections lock an account.
type fakeEquinix struct {
	latency time.Duration // of an answer; the judgement is made before

	mu       sync.Mutex
	secrets  map[string]string // by client ID; guarded by mu
	failures map[string]int    // successive, by client ID; guarded by mu
	sent     []string          // the secrets, in order of arrival; guarded by mu
	flying   int               // guarded by mu
	most     int               // of flying, ever; guarded by mu
	ends     []error           // what the next attempts come to instead; guarded by mu
}

func newFakeEquinix(clientID, secret string) *fakeEquinix {
	return &fakeEquinix{secrets: map[string]string{clientID: secret}, failures: map[string]int{}}
}

func loginFailure() error {
	return &Error{
		Outcome: Rejected, Problem: answered(401), Status: 401, Attempts: 1,
		API: APIError{Code: "S1006", Title: "Login Failure", Message: "The credentials are invalid."},
	}
}

func noAnswer() error {
	return &Error{Outcome: Unknown, Problem: "no answer came within 30s", Attempts: 1, unknowns: 1}
}

func notAvailable() error {
	return &Error{Outcome: NotJudged, Problem: answered(503), Status: 503, Attempts: 1}
}

func (f *fakeEquinix) Token(ctx context.Context, request Request) (Token, error) {
	token, err := f.judge(request)
	waiting := pause(ctx, f.latency)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.flying--
	if waiting != nil {
		return Token{}, &Error{Outcome: Unknown, Problem: "the request was interrupted", Attempts: 1, unknowns: 1, cause: waiting}
	}
	return token, err
}

func (f *fakeEquinix) judge(request Request) (Token, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sent = append(f.sent, request.clientSecret)
	f.flying++
	f.most = max(f.most, f.flying)
	if len(f.ends) > 0 {
		end := f.ends[0]
		f.ends = f.ends[1:]
		return Token{}, end
	}
	if f.failures[request.clientID] >= 5 || f.secrets[request.clientID] != request.clientSecret {
		f.failures[request.clientID]++
		return Token{}, loginFailure()
	}
	f.failures[request.clientID] = 0
	return tokenFor(time.Hour, "token"), nil
}

func (f *fakeEquinix) set(clientID, secret string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.secrets[clientID] = secret
}

// end makes the next attempts come to errors, unjudged.
func (f *fakeEquinix) end(errs ...error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ends = append(f.ends, errs...)
}

func (f *fakeEquinix) locked(clientID string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.failures[clientID] >= 5
}

func (f *fakeEquinix) attempts() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.sent)
}

// expectAttempts fails if there were not that many since the last call.
func (f *fakeEquinix) expectAttempts(t *testing.T, want int) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.sent) != want {
		t.Errorf("the attempts were %q, want %d", f.sent, want)
	}
	f.sent = nil
}

// call sends one request through a guard.
func call(t testing.TB, guard Source, clientID, secret string) error {
	t.Helper()
	_, err := guard.Token(t.Context(), requestWith(t, clientID, secret))
	return err
}

// runOnce sends one request as a process of its own would.
func runOnce(t testing.TB, next Source, folder, secret string) error {
	t.Helper()
	return call(t, NewLockoutGuard(next, folder), "id", secret)
}

// runAtOnce sends one request through each of as many guards and returns what
// came of them.
func runAtOnce(t testing.TB, next Source, folder, secret string, guards int) []error {
	t.Helper()
	errs := make([]error, guards)
	request := requestWith(t, "id", secret)
	var group sync.WaitGroup
	for i := range guards {
		group.Go(func() { _, errs[i] = NewLockoutGuard(next, folder).Token(t.Context(), request) })
	}
	group.Wait()
	return errs
}

// expectRejection returns the rejection that an error is.
func expectRejection(t testing.TB, err error) *Error {
	t.Helper()
	var failure *Error
	if !errors.As(err, &failure) || failure.Outcome != Rejected || failure.API.Code != "S1006" || failure.Status != 401 || failure.Lockout == nil {
		t.Fatalf("the error is %+v, want the rejection S1006 with what is known of the account", err)
	}
	return failure
}

func expectWithheld(t testing.TB, err error) *Lockout {
	t.Helper()
	failure := expectRejection(t, err)
	if !failure.Withheld() {
		t.Fatalf("the request was sent: %+v", failure)
	}
	return failure.Lockout
}

func expectSent(t testing.TB, err error) *Lockout {
	t.Helper()
	failure := expectRejection(t, err)
	if failure.Withheld() {
		t.Fatalf("the request was withheld: %+v, %+v", failure, failure.Lockout)
	}
	return failure.Lockout
}

func expectToken(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		var failure *Error
		if errors.As(err, &failure) && failure.Lockout != nil {
			t.Fatalf("%s: %+v", err, *failure.Lockout)
		}
		t.Fatal(err)
	}
}

// recordPaths returns the records in a folder.
func recordPaths(t testing.TB, folder string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

// onlyRecord returns the path of the one record in a folder.
func onlyRecord(t testing.TB, folder string) string {
	t.Helper()
	paths := recordPaths(t, folder)
	if len(paths) != 1 {
		t.Fatalf("the folder holds the records %q, want one", paths)
	}
	return paths[0]
}

// storedRecord returns what stands in the one record of a folder.
func storedRecord(t testing.TB, folder string) record {
	t.Helper()
	content, err := os.ReadFile(onlyRecord(t, folder))
	if err != nil {
		t.Fatal(err)
	}
	var stored record
	if err := json.Unmarshal(content, &stored); err != nil {
		t.Fatalf("%s: %s", err, content)
	}
	return stored
}

func TestLockoutGuard_HoldsARejectedCredentialBackLongerEachTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		equinix, folder := newFakeEquinix("id", "right"), t.TempDir()
		start := time.Now()
		for _, step := range []struct {
			after      time.Duration // since the step before
			sent       bool
			rejections int
			heldFor    time.Duration // from then on; 0: until it changes
		}{
			{0, true, 1, time.Minute},
			{0, false, 1, time.Minute},
			{time.Minute - 1, false, 1, 1},
			{1, true, 2, 15 * time.Minute},
			{15*time.Minute - 1, false, 2, 1},
			{1, true, 3, 0},
			{15 * time.Minute, false, 3, 0},
			{10 * 365 * 24 * time.Hour, false, 3, 0},
		} {
			time.Sleep(step.after)
			err := runOnce(t, equinix, folder, "wrong")
			lockout := expectRejection(t, err).Lockout
			if sent := equinix.attempts() == 1; sent != step.sent {
				t.Fatalf("after %s: sent: %t, want %t", time.Since(start), sent, step.sent)
			}
			equinix.expectAttempts(t, map[bool]int{true: 1}[step.sent])
			want := Lockout{Rejections: step.rejections, Record: onlyRecord(t, folder)}
			if step.heldFor > 0 {
				want.HeldUntil = time.Now().Add(step.heldFor)
			}
			if !lockout.HeldUntil.Equal(want.HeldUntil) {
				t.Errorf("after %s: held until %s, want %s", time.Since(start), lockout.HeldUntil, want.HeldUntil)
			}
			if lockout.HeldUntil = want.HeldUntil; *lockout != want {
				t.Errorf("after %s: %+v, want %+v", time.Since(start), *lockout, want)
			}
		}
		expectToken(t, runOnce(t, equinix, folder, "right"))
	})
}

func TestLockoutGuard_SendsAChangedSecretAtOnce(t *testing.T) {
	for _, sameProcess := range []bool{true, false} {
		t.Run(fmt.Sprintf("same process %t", sameProcess), func(t *testing.T) {
			equinix, folder := newFakeEquinix("id", "right"), t.TempDir()
			guard := NewLockoutGuard(equinix, folder)
			expectSent(t, call(t, guard, "id", "wrong"))
			if !sameProcess {
				guard = NewLockoutGuard(equinix, folder)
			}
			expectToken(t, call(t, guard, "id", "right"))
			equinix.expectAttempts(t, 2)
		})
	}
}

func TestLockoutGuard_SendsNothingAfterFourRejections(t *testing.T) {
	for _, protected := range []bool{true, false} {
		t.Run(fmt.Sprintf("with a folder %t", protected), func(t *testing.T) {
			equinix, folder := newFakeEquinix("id", "right"), ""
			guard := NewLockoutGuard(equinix, folder)
			next := func() Source { return guard } // memory alone lasts for one process
			if protected {
				folder = t.TempDir()
				next = func() Source { return NewLockoutGuard(equinix, folder) }
			}
			for i := range 6 {
				err := call(t, next(), "id", fmt.Sprintf("wrong-%d", i))
				lockout := expectRejection(t, err).Lockout
				if known := min(i+1, 4); lockout.Rejections != known || lockout.NeedsClearing != (known == 4) {
					t.Errorf("after secret %d: %+v", i+1, *lockout)
				}
			}
			lockout := expectWithheld(t, call(t, next(), "id", "right"))
			if !lockout.NeedsClearing || !lockout.HeldUntil.IsZero() || (lockout.Record != "") != protected {
				t.Errorf("the right secret is withheld with %+v", *lockout)
			}
			equinix.expectAttempts(t, 4)
			if equinix.locked("id") {
				t.Error("the account is locked")
			}
			if !protected {
				return
			}
			if err := os.Remove(lockout.Record); err != nil {
				t.Fatal(err)
			}
			expectToken(t, call(t, next(), "id", "right"))
		})
	}
}

func TestLockoutGuard_KeepsTheAccountUnlockedForDays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		equinix, folder := newFakeEquinix("id", "right"), t.TempDir()
		for range 7 * 24 * 2 {
			_ = expectRejection(t, runOnce(t, equinix, folder, "wrong"))
			time.Sleep(30 * time.Minute)
		}
		equinix.expectAttempts(t, 3)
		expectToken(t, runOnce(t, equinix, folder, "right"))
	})
}

func TestLockoutGuard_CountsUnknownOutcomesForAQuarterOfAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		equinix, folder := newFakeEquinix("id", "right"), t.TempDir()
		retrier := NewRetrier(equinix, MaxRetries, 0)
		for range 20 {
			equinix.end(noAnswer())
		}
		for i, want := range []int{2, 4} { // a call repeats such an attempt once
			var failure *Error
			if err := runOnce(t, retrier, folder, "right"); !errors.As(err, &failure) || failure.Outcome != Unknown {
				t.Fatal(err)
			}
			if failure.Attempts != 2 || failure.Lockout == nil || failure.Lockout.Rejections != want || failure.Lockout.Unknown != want {
				t.Errorf("call %d: %+v, %+v", i, failure, failure.Lockout)
			}
		}
		oldest := storedRecord(t, folder).Unknowns[0].At
		var failure *Error
		if err := runOnce(t, retrier, folder, "another"); !errors.As(err, &failure) || !failure.Withheld() || failure.Outcome != Unknown {
			t.Fatalf("the error is %v", err)
		}
		if until := oldest.Add(15 * time.Minute); !failure.Lockout.HeldUntil.Equal(until) || failure.Lockout.NeedsClearing || failure.Lockout.Record == "" {
			t.Errorf("it is held with %+v, want until %s", *failure.Lockout, until)
		}
		equinix.expectAttempts(t, 4)

		time.Sleep(15 * time.Minute)
		equinix.ends = nil
		expectToken(t, runOnce(t, retrier, folder, "right"))
	})
}

func TestLockoutGuard_BoundsTheRepetitionOfUnknownOutcomes(t *testing.T) {
	for known := range 4 {
		t.Run(fmt.Sprintf("%d rejections known", known), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				equinix, folder := newFakeEquinix("id", "right"), t.TempDir()
				for i := range known {
					expectSent(t, runOnce(t, equinix, folder, fmt.Sprintf("wrong-%d", i)))
				}
				equinix.expectAttempts(t, known)
				equinix.end(noAnswer(), noAnswer(), noAnswer())
				if err := runOnce(t, NewRetrier(equinix, MaxRetries, 0), folder, "new"); err == nil {
					t.Fatal("there is a token")
				}
				equinix.expectAttempts(t, min(2, 4-known))
			})
		})
	}
}

func TestLockoutGuard_CountsARejectionAfterAnUnknownOutcomeAsTwo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		equinix, folder := newFakeEquinix("id", "right"), t.TempDir()
		equinix.end(noAnswer())
		lockout := expectSent(t, runOnce(t, NewRetrier(equinix, MaxRetries, 0), folder, "wrong"))
		if lockout.Rejections != 2 || lockout.Unknown != 1 {
			t.Errorf("known is %+v, want two rejections, one of them possible", *lockout)
		}
	})
}

func TestLockoutGuard_CountsNoUnknownOutcomesOfAnAcceptedCredential(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		equinix, folder := newFakeEquinix("id", "right"), t.TempDir()
		expectToken(t, runOnce(t, equinix, folder, "right"))
		for range 10 {
			time.Sleep(time.Minute)
			equinix.end(noAnswer())
			var failure *Error
			if err := runOnce(t, equinix, folder, "right"); !errors.As(err, &failure) || failure.Lockout != nil {
				t.Fatalf("the error is %+v", err)
			}
		}
		equinix.expectAttempts(t, 11)
		expectToken(t, runOnce(t, equinix, folder, "right"))
	})
}

// A credential that was accepted is trusted until something else is rejected.
func TestLockoutGuard_CountsUnknownOutcomesOfAnAcceptedCredentialAfterRejections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		equinix, folder := newFakeEquinix("id", "old"), t.TempDir()
		expectToken(t, runOnce(t, equinix, folder, "old"))
		equinix.set("id", "new")
		for i := range 3 {
			expectSent(t, runOnce(t, equinix, folder, fmt.Sprintf("wrong-%d", i)))
		}
		equinix.end(noAnswer())
		_ = runOnce(t, NewRetrier(equinix, MaxRetries, time.Second), folder, "old")
		equinix.expectAttempts(t, 1+3+1)
	})
}

// slowSource takes its time before each attempt.
type slowSource struct {
	next  Source
	delay time.Duration
}

func (s slowSource) Token(ctx context.Context, request Request) (Token, error) {
	time.Sleep(s.delay)
	return s.next.Token(ctx, request)
}

// A call may take longer than a possible rejection is remembered.
func TestLockoutGuard_BoundsTheRepetitionsOfALongCall(t *testing.T) {
	late := &Error{Outcome: NotJudged, Problem: answered(503), Status: 503, Attempts: 1, RetryAfter: time.Hour}
	for name, test := range map[string]struct {
		outcomes []error
		delay    time.Duration
		attempts int // after three rejections
	}{
		"long attempt": {[]error{noAnswer(), noAnswer()}, unknownLifetime + time.Minute, 1},
		"long pause":   {[]error{late, noAnswer()}, 0, 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				equinix, folder := newFakeEquinix("id", "right"), t.TempDir()
				for i := range 3 {
					expectSent(t, runOnce(t, equinix, folder, fmt.Sprintf("wrong-%d", i)))
				}
				equinix.end(test.outcomes...)
				_ = runOnce(t, NewRetrier(slowSource{equinix, test.delay}, MaxRetries, time.Hour), folder, "another")
				equinix.expectAttempts(t, 3+test.attempts)
			})
		})
	}
}

func TestLockoutGuard_CountsNothingThatWasNotJudged(t *testing.T) {
	equinix, folder := newFakeEquinix("id", "right"), t.TempDir()
	for range 10 {
		equinix.end(notAvailable())
		var failure *Error
		if err := runOnce(t, equinix, folder, "right"); !errors.As(err, &failure) || failure.Lockout != nil || failure.Withheld() {
			t.Fatalf("the error is %+v", err)
		}
	}
	expectToken(t, runOnce(t, equinix, folder, "right"))
	equinix.expectAttempts(t, 11)
}

func TestLockoutGuard_ClearsTheRecordOnAcceptance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		equinix, folder := newFakeEquinix("id", "right"), t.TempDir()
		for round := range 5 {
			for i := range 3 {
				lockout := expectSent(t, runOnce(t, equinix, folder, fmt.Sprintf("wrong-%d-%d", round, i)))
				if lockout.Rejections != i+1 {
					t.Errorf("round %d: %d rejections are known, want %d", round, lockout.Rejections, i+1)
				}
			}
			expectToken(t, runOnce(t, equinix, folder, "right"))
			if stored := storedRecord(t, folder); len(stored.Rejections)+len(stored.Unknowns) > 0 {
				t.Errorf("round %d: the record is %+v after an acceptance", round, stored)
			}
			time.Sleep(time.Hour)
		}
		if equinix.locked("id") {
			t.Error("the account is locked")
		}
	})
}

func TestLockoutGuard_TakesA200WithoutATokenForAnAcceptance(t *testing.T) {
	equinix, folder := newFakeEquinix("id", "right"), t.TempDir()
	expectSent(t, runOnce(t, equinix, folder, "wrong"))
	equinix.end(&Error{Outcome: Accepted, Problem: "the endpoint answered HTTP 200, but the body is not a JSON object", Status: 200, Attempts: 1})
	if err := runOnce(t, equinix, folder, "right"); err == nil {
		t.Fatal("there is a token")
	}
	if stored := storedRecord(t, folder); stored.Accepted == nil || len(stored.Rejections) > 0 {
		t.Errorf("the record is %+v", stored)
	}
}

func TestLockoutGuard_LetsOneUnprovenCredentialGoAtATime(t *testing.T) {
	for _, outcome := range []struct {
		name string
		err  func() error
	}{
		{"not judged", notAvailable},
		{"refused", func() error { return &Error{Outcome: Refused, Problem: answered(404), Status: 404, Attempts: 1} }},
	} {
		t.Run(outcome.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				equinix, folder := newFakeEquinix("id", "right"), t.TempDir()
				equinix.latency = time.Second
				for range 8 {
					equinix.end(outcome.err())
				}
				runAtOnce(t, equinix, folder, "right", 8)
				if equinix.most != 1 {
					t.Errorf("%d attempts were on their way at once, want one", equinix.most)
				}
				equinix.expectAttempts(t, 8)
			})
		})
	}
}

func TestLockoutGuard_CostsOneAttemptForManyProcessesWithAWrongSecret(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		equinix, folder := newFakeEquinix("id", "right"), t.TempDir()
		equinix.latency = 10 * time.Second
		sent := 0
		for _, err := range runAtOnce(t, equinix, folder, "wrong", 20) {
			failure := expectRejection(t, err)
			if !failure.Withheld() {
				sent++
			}
			if until := time.Now().Add(time.Minute); failure.Lockout.HeldUntil.Sub(until).Abs() > 5*time.Second || failure.Lockout.Record == "" {
				t.Errorf("held with %+v, want until about %s", *failure.Lockout, until)
			}
		}
		if sent != 1 {
			t.Errorf("%d of the errors are of a request that was sent, want one", sent)
		}
		equinix.expectAttempts(t, 1)
	})
}

func TestLockoutGuard_CostsOneAttemptForManyCallersOfOneProcess(t *testing.T) {
	for _, protected := range []bool{true, false} {
		t.Run(fmt.Sprintf("with a folder %t", protected), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				folder := ""
				if protected {
					folder = t.TempDir()
				}
				equinix := newFakeEquinix("id", "right")
				equinix.latency = time.Second
				guard := NewLockoutGuard(equinix, folder)
				var group sync.WaitGroup
				for range 100 {
					group.Go(func() { _ = expectRejection(t, call(t, guard, "id", "wrong")) })
				}
				group.Wait()
				equinix.expectAttempts(t, 1)
			})
		})
	}
}

func TestLockoutGuard_LetsAllGoTogetherAfterTheFirstSuccess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		equinix, folder := newFakeEquinix("id", "right"), t.TempDir()
		equinix.latency = 200 * time.Millisecond
		for _, err := range runAtOnce(t, equinix, folder, "right", 20) {
			expectToken(t, err)
		}
		equinix.expectAttempts(t, 20)
		if equinix.most != 19 {
			t.Errorf("at most %d attempts overlapped, want all but the first", equinix.most)
		}
	})
}

func TestLockoutGuard_LetsAllOfOneProcessGoTogetherAfterTheFirstSuccess(t *testing.T) {
	for _, protected := range []bool{true, false} {
		t.Run(fmt.Sprintf("with a folder %t", protected), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				folder := ""
				if protected {
					folder = t.TempDir()
				}
				equinix := newFakeEquinix("id", "right")
				equinix.latency = 200 * time.Millisecond
				guard := NewLockoutGuard(equinix, folder)
				var group sync.WaitGroup
				for range 100 {
					group.Go(func() { expectToken(t, call(t, guard, "id", "right")) })
				}
				group.Wait()
				if equinix.most != 99 {
					t.Errorf("at most %d attempts overlapped, want all but the first", equinix.most)
				}
			})
		})
	}
}

func TestLockoutGuard_BelievesAProofThatCameWhileItWaited(t *testing.T) {
	for name, test := range map[string]struct {
		proof  time.Duration // before the caller comes, or after
		proven bool
	}{
		"before":  {-time.Millisecond, false},
		"with it": {0, false},
		"after":   {time.Millisecond, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				equinix, folder := newFakeEquinix("id", "right"), t.TempDir()
				expectToken(t, runOnce(t, equinix, folder, "right"))
				equinix.expectAttempts(t, 1)
				time.Sleep(time.Minute)
				// Another process has the turn. Who waits for it has not sent.
				file := (&recordFolder{path: folder}).record(recordID(t, folder))
				taken, release, err := file.tryTurn()
				if err != nil || !taken {
					t.Fatalf("the turn is not free: %t, %v", taken, err)
				}
				prove := func() {
					if err := file.update(t.Context(), func(r *record) { r.Accepted.At = time.Now() }); err != nil {
						t.Fatal(err)
					}
				}
				if test.proof <= 0 {
					prove()
					time.Sleep(-test.proof)
				}
				done := make(chan error)
				go func() { done <- runOnce(t, equinix, folder, "right") }()
				synctest.Wait()
				if test.proof > 0 {
					time.Sleep(test.proof)
					prove()
				}
				time.Sleep(2 * turnPoll)
				synctest.Wait()
				if sent := equinix.attempts() == 1; sent != test.proven {
					t.Errorf("sent without the turn: %t, want %t", sent, test.proven)
				}
				release()
				expectToken(t, <-done)
			})
		})
	}
}

// recordID returns the name that the account's record has in a folder.
func recordID(t testing.TB, folder string) string {
	t.Helper()
	return strings.TrimSuffix(filepath.Base(onlyRecord(t, folder)), ".json")
}

func TestLockoutGuard_CostsOneAttemptWhenASecretIsRevoked(t *testing.T) {
	for _, after := range []time.Duration{0, time.Second, proofLifetime} {
		t.Run(after.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				equinix, folder := newFakeEquinix("id", "right"), t.TempDir()
				equinix.latency = 200 * time.Millisecond
				for _, err := range runAtOnce(t, equinix, folder, "right", 20) {
					expectToken(t, err)
				}
				equinix.expectAttempts(t, 20)
				time.Sleep(after)
				equinix.set("id", "new")
				for _, err := range runAtOnce(t, equinix, folder, "right", 20) {
					_ = expectRejection(t, err)
				}
				equinix.expectAttempts(t, 1)
				expectToken(t, runOnce(t, equinix, folder, "new"))
			})
		})
	}
}

func TestLockoutGuard_NeverDelaysAnotherAccount(t *testing.T) {
	for _, sameProcess := range []bool{true, false} {
		t.Run(fmt.Sprintf("same process %t", sameProcess), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				slow := make(chan struct{})
				source := &scriptedSource{script: func(_ context.Context, _ int, request Request) (Token, error) {
					if request.clientID == "slow" {
						<-slow
					}
					return tokenFor(time.Hour, "token"), nil
				}}
				folder := t.TempDir()
				first := NewLockoutGuard(source, folder)
				second := first
				if !sameProcess {
					second = NewLockoutGuard(source, folder)
				}
				done := make(chan error)
				go func() { done <- call(t, first, "slow", "secret") }()
				synctest.Wait()
				start := time.Now()
				expectToken(t, call(t, second, "other", "secret"))
				if waited := time.Since(start); waited > 0 { // of the bubble's clock
					t.Errorf("the other account waited %s", waited)
				}
				close(slow)
				expectToken(t, <-done)
			})
		})
	}
}

func TestLockoutGuard_TellsUsersOfThePasswordGrantApart(t *testing.T) {
	equinix, folder := newFakeEquinix("id", "right"), t.TempDir()
	login := func(user, password string) error {
		request := requestTo(t, DefaultEndpoint, fieldsOf(ClientID, "id", ClientSecret, "right", UserName, user, UserPassword, password))
		_, err := NewLockoutGuard(equinix, folder).Token(t.Context(), request)
		return err
	}
	equinix.end(loginFailure())
	expectSent(t, login("ann", "wrong"))
	expectWithheld(t, login("ann", "wrong"))
	expectToken(t, login("ann", "right"))
	expectToken(t, login("bob", "wrong"))
	expectToken(t, runOnce(t, equinix, folder, "right"))
	equinix.expectAttempts(t, 4)
	if paths := recordPaths(t, folder); len(paths) != 3 {
		t.Errorf("the records are %q, want one for each user and one without", paths)
	}
}

func TestLockoutGuard_NeverSendsARejectedCredentialAgainInOneProcess(t *testing.T) {
	for _, protected := range []bool{true, false} {
		t.Run(fmt.Sprintf("with a folder %t", protected), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				folder := ""
				if protected {
					folder = t.TempDir()
				}
				equinix := newFakeEquinix("id", "right")
				guard := NewLockoutGuard(equinix, folder)
				expectSent(t, call(t, guard, "id", "wrong"))
				expectWithheld(t, call(t, guard, "id", "wrong"))
				expectToken(t, call(t, guard, "id", "right")) // clears the record
				expectWithheld(t, call(t, guard, "id", "wrong"))
				time.Sleep(24 * time.Hour)
				expectWithheld(t, call(t, guard, "id", "wrong"))
				if protected {
					removeAll(t, folder)
					expectWithheld(t, call(t, guard, "id", "wrong"))
				}
				equinix.expectAttempts(t, 2)
			})
		})
	}
}

func removeAll(t testing.TB, folder string) {
	t.Helper()
	if err := os.RemoveAll(folder); err != nil {
		t.Fatal(err)
	}
}

func TestLockoutGuard_ActsOnWhatAnotherProcessLearns(t *testing.T) {
	equinix, folder := newFakeEquinix("id", "right"), t.TempDir()
	first, second := NewLockoutGuard(equinix, folder), NewLockoutGuard(equinix, folder)
	expectToken(t, call(t, first, "id", "right"))
	equinix.set("id", "new")
	expectSent(t, call(t, second, "id", "right"))
	expectWithheld(t, call(t, first, "id", "right")) // although proven to it
	expectToken(t, call(t, second, "id", "new"))
	equinix.expectAttempts(t, 3)
}

// An answer that comes late says nothing of what the endpoint has judged since.
// startSlow sends the right secret, proven and so without the turn, to an endpoint
// that answers after the latency. It returns when the request is on its way.
func startSlow(t *testing.T, folder string, latency time.Duration) <-chan error {
	t.Helper()
	first, slow := newFakeEquinix("id", "right"), newFakeEquinix("id", "right")
	first.latency, slow.latency = time.Second, latency
	proof, done := make(chan error), make(chan error)
	go func() { proof <- runOnce(t, first, folder, "right") }()
	synctest.Wait()
	time.Sleep(time.Millisecond)
	go func() { done <- runOnce(t, slow, folder, "right") }()
	expectToken(t, <-proof)
	time.Sleep(turnPoll)
	synctest.Wait()
	slow.expectAttempts(t, 1)
	return done
}

func TestLockoutGuard_KeepsWhatWasRejectedAfterASlowAcceptance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		equinix, folder := newFakeEquinix("id", "right"), t.TempDir()
		expectToken(t, runOnce(t, equinix, folder, "right"))

		done := startSlow(t, folder, 30*time.Second)
		for i := range 4 {
			time.Sleep(time.Second)
			expectSent(t, runOnce(t, equinix, folder, fmt.Sprintf("wrong-%d", i)))
		}
		expectToken(t, <-done)
		if lockout := expectWithheld(t, runOnce(t, equinix, folder, "wrong-4")); !lockout.NeedsClearing {
			t.Errorf("it is withheld with %+v, want four rejections known", *lockout)
		}
		if equinix.locked("id") {
			t.Error("the account is locked")
		}
	})
}

func TestLockoutGuard_TakesASlowAcceptanceForNoProofOfWhatWasRevokedSince(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		equinix, folder := newFakeEquinix("id", "right"), t.TempDir()
		expectToken(t, runOnce(t, equinix, folder, "right"))

		done := startSlow(t, folder, 10*time.Second)
		time.Sleep(time.Second)
		equinix.set("id", "new")
		expectSent(t, runOnce(t, equinix, folder, "right"))
		expectToken(t, <-done)
		equinix.expectAttempts(t, 2)
		for _, err := range runAtOnce(t, equinix, folder, "right", 20) {
			expectWithheld(t, err)
		}
		equinix.expectAttempts(t, 0)
	})
}

// A process that is killed later would otherwise leave nothing behind.
func TestLockoutGuard_KeepsTheNoteOfAnotherAttemptOnItsWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		folder := t.TempDir()
		proven := startSlow(t, folder, 10*time.Second)
		slower := newFakeEquinix("id", "right")
		slower.latency = 30 * time.Second
		done := make(chan error)
		go func() { done <- runOnce(t, slower, folder, "wrong") }()
		expectToken(t, <-proven)
		if notes := storedRecord(t, folder).Unknowns; len(notes) != 1 {
			t.Errorf("the notes of attempts are %+v, want that of the one on its way", notes)
		}
		expectSent(t, <-done)
	})
}

// Attempts that are proven have no notes: whoever has the turn meanwhile must not
// take them for rejections.
func TestLockoutGuard_TakesNoProvenAttemptForARejection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		equinix, folder := newFakeEquinix("id", "right"), t.TempDir()
		expectToken(t, runOnce(t, equinix, folder, "right"))
		file := (&recordFolder{path: folder}).record(recordID(t, folder))
		taken, release, err := file.tryTurn()
		if err != nil || !taken {
			t.Fatalf("the turn is not free: %t, %v", taken, err)
		}
		equinix.latency = 9 * time.Second
		done := make(chan []error)
		go func() { done <- runAtOnce(t, equinix, folder, "right", 5) }()
		synctest.Wait()
		time.Sleep(time.Millisecond)
		// While they wait, the credential is accepted and another one rejected.
		if err := file.update(t.Context(), func(r *record) {
			r.Accepted.At = time.Now()
			r.Rejections = []rejection{{Credential: "another", Count: 1, At: time.Now(), Status: 401}}
		}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second) // the five are on their way
		release()
		expectToken(t, runOnce(t, equinix, folder, "right"))
		for _, err := range <-done {
			expectToken(t, err)
		}
	})
}

func TestLockoutGuard_NotesAnAttemptBeforeItIsMade(t *testing.T) {
	folder := t.TempDir()
	var noted record
	source := &scriptedSource{script: func(context.Context, int, Request) (Token, error) {
		noted = storedRecord(t, folder)
		return tokenFor(time.Hour, "token"), nil
	}}
	expectToken(t, runOnce(t, source, folder, "right"))
	if len(noted.Unknowns) != 1 {
		t.Errorf("while an attempt is on its way the record is %+v, want a note of it", noted)
	}
	if left := storedRecord(t, folder).Unknowns; len(left) > 0 {
		t.Errorf("the notes %+v are left", left)
	}
	expectToken(t, runOnce(t, source, folder, "right"))
	if len(noted.Unknowns) != 0 {
		t.Errorf("the attempt with a proven credential is noted: %+v", noted)
	}
}

func TestLockoutGuard_EndsAWaitWithTheContext(t *testing.T) {
	for _, sameProcess := range []bool{true, false} {
		t.Run(fmt.Sprintf("same process %t", sameProcess), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				equinix, folder := newFakeEquinix("id", "right"), t.TempDir()
				equinix.latency = time.Minute
				first := NewLockoutGuard(equinix, folder)
				second := first
				if !sameProcess {
					second = NewLockoutGuard(equinix, folder)
				}
				done := make(chan error)
				go func() { done <- call(t, first, "id", "right") }()
				synctest.Wait()

				ctx, cancel := context.WithCancel(t.Context())
				left := make(chan error)
				go func() {
					_, err := second.Token(ctx, requestWith(t, "id", "right"))
					left <- err
				}()
				synctest.Wait()
				start := time.Now()
				cancel()
				if err := <-left; !errors.Is(err, context.Canceled) {
					t.Errorf("the error is %v", err)
				}
				if waited := time.Since(start); waited > 0 { // of the bubble's clock
					t.Errorf("it ended %s later", waited)
				}
				expectToken(t, <-done)
				expectToken(t, call(t, second, "id", "right")) // the turn is free
				equinix.expectAttempts(t, 2)
			})
		})
	}
}

func TestLockoutGuard_WaitsForItsTurnForFiveMinutes(t *testing.T) {
	for _, sameProcess := range []bool{true, false} {
		t.Run(fmt.Sprintf("same process %t", sameProcess), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				equinix, folder := newFakeEquinix("id", "right"), t.TempDir()
				equinix.latency = 24 * time.Hour
				first := NewLockoutGuard(equinix, folder)
				second := first
				if !sameProcess {
					second = NewLockoutGuard(equinix, folder)
				}
				done := make(chan error)
				go func() { done <- call(t, first, "id", "right") }()
				synctest.Wait()
				start := time.Now()
				var failure *Error
				if err := call(t, second, "id", "right"); !errors.As(err, &failure) || failure.Outcome != NotJudged {
					t.Fatalf("the error is %v", err)
				}
				if waited := time.Since(start); waited != 5*time.Minute { // of the bubble's clock
					t.Errorf("it waited %s", waited)
				}
				if turn := onlyRecord(t, folder) + ".turn"; !strings.Contains(failure.Problem, turn) {
					t.Errorf("the problem %q does not name the lock %s", failure.Problem, turn)
				}
				expectToken(t, <-done)
				expectToken(t, call(t, second, "id", "right"))
			})
		})
	}
}

func TestLockoutGuard_CountsAnInterruptedAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		equinix, folder := newFakeEquinix("id", "right"), t.TempDir()
		equinix.latency = time.Minute
		for i := range 5 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			_, err := NewLockoutGuard(equinix, folder).Token(ctx, requestWith(t, "id", fmt.Sprintf("wrong-%d", i)))
			cancel()
			var failure *Error
			if !errors.As(err, &failure) || failure.Outcome != Unknown || failure.Withheld() != (i == 4) {
				t.Errorf("call %d: %+v", i, err)
			}
		}
		equinix.expectAttempts(t, 4)
		if equinix.locked("id") {
			t.Error("the account is locked")
		}
	})
}

func TestLockoutGuard_CountsNoInterruptedAttemptThatWasNotJudged(t *testing.T) {
	folder := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	source := &scriptedSource{script: func(ctx context.Context, _ int, _ Request) (Token, error) {
		cancel()
		return Token{}, &Error{Outcome: NotJudged, Problem: "the request was interrupted", Attempts: 1, cause: ctx.Err()}
	}}
	if _, err := NewLockoutGuard(source, folder).Token(ctx, requestWith(t, "id", "right")); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
	if notes := storedRecord(t, folder).Unknowns; len(notes) > 0 {
		t.Errorf("the notes %+v are left", notes)
	}
}

func TestLockoutGuard_WritesNoFileWithoutAFolder(t *testing.T) {
	t.Chdir(t.TempDir())
	equinix := newFakeEquinix("id", "right")
	lockout := expectSent(t, runOnce(t, equinix, "", "wrong"))
	if lockout.Record != "" || !lockout.HeldUntil.IsZero() {
		t.Errorf("it is held with %+v", *lockout)
	}
	expectToken(t, runOnce(t, equinix, "", "right"))
	if left, err := os.ReadDir("."); err != nil || len(left) > 0 {
		t.Errorf("there are the files %v, %v", left, err)
	}
}

func TestLockoutGuard_WritesNoFileBeforeATokenIsAskedFor(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "records")
	NewLockoutGuard(newFakeEquinix("id", "right"), folder)
	if _, err := os.Lstat(folder); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder is there: %v", err)
	}
}

func TestLockoutGuard_StoresNoSecret(t *testing.T) {
	equinix, folder := newFakeEquinix("the-client", "cl1ent-s3cret"), t.TempDir()
	for _, secret := range []string{"cl1ent-s3cret", "wr0ng-s3cret"} {
		request := requestTo(t, DefaultEndpoint, fieldsOf(ClientID, "the-client", ClientSecret, secret,
			UserName, "the-user", UserPassword, "us3r-passw0rd", AdditionalProperties, `{"extra":"extra-s3cret"}`))
		_, _ = NewLockoutGuard(equinix, folder).Token(t.Context(), request)
		_ = call(t, NewLockoutGuard(equinix, folder), "the-client", secret)
	}
	files, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 4 {
		t.Errorf("there are the files %v, want a key and two records", files)
	}
	for _, file := range files {
		content, err := os.ReadFile(filepath.Join(folder, file.Name()))
		if err != nil {
			t.Fatal(err)
		}
		expectNone(t, file.Name()+"\n"+string(content), "cl1ent-s3cret", "wr0ng-s3cret", "us3r-passw0rd", "extra-s3cret", "the-client", "the-user", "api.equinix.com")
	}
}

// What follows runs in processes of their own, against the mock.

func TestLockoutGuard_CostsOneAttemptAcrossProcesses(t *testing.T) {
	server := accesstokentest.NewServer(accesstokentest.Account{ClientID: "id", ClientSecret: "right"})
	defer server.Close()
	folder := t.TempDir()
	wrong := process{Folder: folder, Endpoint: server.URL, ClientID: "id", ClientSecret: "wrong", Calls: 3}
	for range 2 {
		for _, report := range wrong.run(t, 8) {
			for _, call := range report.Calls {
				if call.Outcome != Rejected.String() || call.Rejections != 1 || call.Record != onlyRecord(t, folder) {
					t.Errorf("a call came to %+v", call)
				}
			}
		}
	}
	if server.Count() != 1 {
		t.Errorf("%d requests were sent, want one", server.Count())
	}
	right := wrong
	right.ClientSecret = "right"
	for _, report := range right.run(t, 8) {
		for _, call := range report.Calls {
			if !call.Token {
				t.Errorf("a call came to %+v", call)
			}
		}
	}
}

func TestLockoutGuard_OutlivesProcessesThatAreKilled(t *testing.T) {
	server := accesstokentest.NewServer(accesstokentest.Account{ClientID: "id", ClientSecret: "right"})
	defer server.Close()
	folder := t.TempDir()
	task := process{Folder: folder, Endpoint: server.URL, ClientID: "id", Calls: 1}
	for i := range 4 {
		release := server.Hold()
		task.ClientSecret = fmt.Sprintf("wrong-%d", i)
		command, _ := task.start(t)
		awaitCount(t, server, i+1)
		if err := command.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = command.Wait() // it was killed
		release()
		if notes := storedRecord(t, folder).Unknowns; len(notes) != i+1 {
			t.Fatalf("after %d killed processes the notes are %+v", i+1, notes)
		}
	}
	task.ClientSecret = "wrong-4"
	if call := task.run(t, 1)[0].Calls[0]; !call.Withheld || call.Outcome != Unknown.String() || call.Rejections != 4 {
		t.Errorf("a fifth secret came to %+v", call)
	}
	if server.Count() != 4 || server.Locked("id") {
		t.Errorf("%d requests were sent; locked: %t", server.Count(), server.Locked("id"))
	}
	if err := os.Remove(onlyRecord(t, folder)); err != nil {
		t.Fatal(err)
	}
	task.ClientSecret = "right"
	if call := task.run(t, 1)[0].Calls[0]; !call.Token {
		t.Errorf("the right secret came to %+v", call)
	}
}

// awaitCount waits until the mock has received that many requests. The test's
// own time-out bounds it.
func awaitCount(t *testing.T, server *accesstokentest.Server, want int) {
	t.Helper()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for server.Count() < want {
		select {
		case <-ticker.C:
		case <-t.Context().Done():
			t.Fatalf("the mock received %d requests, want %d", server.Count(), want)
		}
	}
}

func TestLockoutGuard_AgreesOnOneKeyAcrossProcesses(t *testing.T) {
	for _, state := range []struct {
		name    string
		prepare func(folder string) error
	}{
		{"folder missing", os.RemoveAll},
		{"key missing", func(string) error { return nil }},
		{"key empty", func(folder string) error { return os.WriteFile(filepath.Join(folder, "key"), nil, 0o600) }},
		{"key short", func(folder string) error {
			return os.WriteFile(filepath.Join(folder, "key"), make([]byte, keySize-1), 0o600)
		}},
		{"key long", func(folder string) error {
			return os.WriteFile(filepath.Join(folder, "key"), make([]byte, keySize+1), 0o600)
		}},
		{"key a folder", func(folder string) error { return os.Mkdir(filepath.Join(folder, "key"), 0o700) }},
	} {
		t.Run(state.name, func(t *testing.T) {
			folder := filepath.Join(t.TempDir(), "records")
			if err := os.Mkdir(folder, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := state.prepare(folder); err != nil {
				t.Fatal(err)
			}
			var keys []string
			for _, report := range (process{Folder: folder}).run(t, 8) {
				keys = append(keys, string(report.Key))
			}
			stored, err := os.ReadFile(filepath.Join(folder, "key"))
			if err != nil || len(stored) != keySize || string(stored) == string(make([]byte, keySize)) {
				t.Errorf("the stored key is %x, %v", stored, err)
			}
			if keys = slices.Compact(keys); len(keys) != 1 || keys[0] != string(stored) {
				t.Errorf("%d different keys are in use", len(keys))
			}
		})
	}
}
