package accesstoken

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func TestRecord_CheckRefusesWhatCannotBe(t *testing.T) {
	rejections := func(count, number int) record {
		return record{Rejections: slices.Repeat([]rejection{{Credential: "a", Count: count}}, number)}
	}
	for _, test := range []struct {
		name   string
		record record
		usable bool
	}{
		{"empty", record{}, true},
		{"one rejection", rejections(1, 1), true},
		{"the most", rejections(maxKept, maxKept), true},
		{"no count", rejections(0, 1), false},
		{"a negative count", rejections(-1, 1), false},
		{"a huge count", rejections(1<<31-1, 1), false},
		{"too many rejections", rejections(1, maxKept+1), false},
		{"too many attempts", record{Unknowns: make([]unknown, maxKept+1)}, false},
	} {
		if err := test.record.check(); (err == nil) != test.usable {
			t.Errorf("%s: %v, want usable: %t", test.name, err, test.usable)
		}
	}
}

func TestRecord_SettleMovesTimesToComeToNow(t *testing.T) {
	later, earlier := noon.Add(time.Hour), noon.Add(-time.Hour)
	r := record{
		Accepted:   &acceptance{Credential: "a", At: later},
		Rejections: []rejection{{Credential: "b", Count: 1, At: later}, {Credential: "c", Count: 1, At: earlier}},
		Unknowns:   []unknown{{At: later}, {At: earlier}},
	}
	if !r.settle(noon) {
		t.Error("it reports no change")
	}
	if !r.Rejections[0].At.Equal(noon) || !r.Unknowns[0].At.Equal(noon) {
		t.Errorf("a time to come is left: %+v", r)
	}
	if !r.Rejections[1].At.Equal(earlier) || !r.Unknowns[1].At.Equal(earlier) {
		t.Errorf("a time past has changed: %+v", r)
	}
	if r.proven("a", time.Time{}, noon) || !r.everAccepted("a") {
		t.Errorf("an acceptance to come proves the credential, or is lost: %+v", r.Accepted)
	}
	if r.settle(noon) {
		t.Error("it changes what it has settled")
	}
}

func TestRecord_RefusalCountsPossibleRejectionsOnlyForWhoHasTheTurn(t *testing.T) {
	var r record
	for range maxRejections {
		r.begin(attempt{id: "on its way", credential: "a"}, noon)
	}
	if refusal := r.refusal("b", noon, false); refusal != nil {
		t.Errorf("an attempt on its way counts as a rejection: %+v", refusal)
	}
	if refusal := r.refusal("b", noon, true); refusal == nil || refusal.Outcome != Unknown {
		t.Errorf("attempts that came to nothing do not count: %+v", refusal)
	}
}

func TestRecord_RefusalEndsWhenFewerThanFourRemain(t *testing.T) {
	for _, test := range []struct {
		name       string
		rejections int
		unknowns   []time.Duration // their ages
		left       time.Duration   // until there may be another attempt; 0: now
	}{
		{"three", 0, []time.Duration{0, 0, 0}, 0},
		{"four at once", 0, []time.Duration{0, 0, 0, 0}, 15 * time.Minute},
		{"the oldest counts", 0, []time.Duration{0, 10 * time.Minute, 0, 0}, 5 * time.Minute},
		{"more than four", 0, []time.Duration{3 * time.Minute, 1 * time.Minute, 2 * time.Minute, 4 * time.Minute, 5 * time.Minute}, 11 * time.Minute},
		{"beside rejections", 3, []time.Duration{time.Minute}, 14 * time.Minute},
		{"beside rejections, two", 3, []time.Duration{time.Minute, 2 * time.Minute}, 14 * time.Minute},
		{"forgotten", 3, []time.Duration{15 * time.Minute}, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			var r record
			for i := range test.rejections {
				r.Rejections = append(r.Rejections, rejection{Credential: string(rune('a' + i)), Count: 1, At: noon, Status: 401})
			}
			for _, age := range test.unknowns {
				r.Unknowns = append(r.Unknowns, unknown{At: noon.Add(-age)})
			}
			refusal := r.refusal("another", noon, true)
			if (refusal != nil) != (test.left > 0) {
				t.Fatalf("the refusal is %+v", refusal)
			}
			if refusal == nil {
				return
			}
			until := refusal.Lockout.HeldUntil
			if !until.Equal(noon.Add(test.left)) {
				t.Errorf("held for %s, want %s", until.Sub(noon), test.left)
			}
			if r.refusal("another", until.Add(-1), true) == nil || r.refusal("another", until, true) != nil {
				t.Error("the refusal does not end when it says")
			}
		})
	}
}

// Many at once can only be rejected within the life of a proof.
func TestRecord_StaysUsableAfterAnyNumberOfRejections(t *testing.T) {
	var r record
	for range 10 * maxKept {
		r.end(attempt{credential: "a", began: noon}, &Error{Outcome: Rejected, Status: 401}, 0, noon)
	}
	if err := r.check(); err != nil {
		t.Error(err)
	}
	if refusal := r.refusal("another", noon.AddDate(1, 0, 0), false); refusal == nil || !refusal.Lockout.NeedsClearing {
		t.Errorf("the refusal is %+v", refusal)
	}
}

func TestRecord_KeepsOneEntryForEachCredential(t *testing.T) {
	var r record
	for _, credential := range []string{"a", "b", "a"} {
		r.end(attempt{credential: credential, began: noon}, &Error{Outcome: Rejected, Status: 401}, 0, noon)
	}
	if len(r.Rejections) != 2 || r.Rejections[0].Credential != "b" || r.Rejections[1].Credential != "a" || r.Rejections[1].Count != 2 {
		t.Errorf("the rejections are %+v", r.Rejections)
	}
}

func TestRecord_RejectionEndsTheProofOfItsCredentialAlone(t *testing.T) {
	for _, credential := range []string{"a", "b"} {
		var r record
		r.end(attempt{credential: "a", began: noon, alone: true}, nil, 0, noon)
		r.end(attempt{credential: credential, began: noon, alone: true}, &Error{Outcome: Rejected, Status: 401}, 0, noon)
		if proven := r.proven("a", time.Time{}, noon); proven != (credential == "b") {
			t.Errorf("after a rejection of %s, a is proven: %t", credential, proven)
		}
	}
}

func TestRecord_LateAcceptanceLeavesARevokedCredentialUnaccepted(t *testing.T) {
	var r record
	r.end(attempt{credential: "a", began: noon, alone: true}, &Error{Outcome: Rejected, Status: 401}, 0, noon.Add(time.Second))
	r.end(attempt{credential: "a", began: noon}, nil, 0, noon.Add(2*time.Second))
	if r.everAccepted("a") || len(r.Rejections) != 1 {
		t.Errorf("the record is %+v", r)
	}
}

// FuzzRecord puts anything into the record's file. Whatever it is, a run with the
// right secret gets a token or is told why not; a wrong one is not sent twice;
// and no account is locked.
func FuzzRecord(f *testing.F) {
	key := make([]byte, keySize)
	hashes := newHashes(key)
	wrong, right := requestWith(f, "id", "wrong-0"), requestWith(f, "id", "right")
	name := hashes.account(right) + ".json"

	now := time.Now()
	for _, seed := range []record{
		{},
		{Accepted: &acceptance{Credential: hashes.credential(right), At: now}},
		{Accepted: &acceptance{Credential: hashes.credential(wrong), At: now.AddDate(100, 0, 0)}},
		{Rejections: []rejection{{Credential: hashes.credential(wrong), Count: 1, At: now, Status: 401, Code: "S1006"}}},
		{Rejections: []rejection{{Credential: hashes.credential(right), Count: 2, At: now, Status: -1, Title: "\x1b[2J"}}},
		{Rejections: []rejection{{Credential: hashes.credential(right), Count: 3}, {Credential: "other", Count: 64}}},
		{Unknowns: []unknown{{ID: "a", Credential: hashes.credential(right), At: now}, {At: now}, {At: now}, {At: now}, {At: now}}},
		{
			Accepted:   &acceptance{Credential: hashes.credential(right), At: now},
			Rejections: []rejection{{Credential: hashes.credential(right), Count: 1, At: now}},
			Unknowns:   []unknown{{At: now.AddDate(-100, 0, 0)}, {At: now.AddDate(100, 0, 0)}},
		},
	} {
		content, err := json.Marshal(seed)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content)
	}
	for _, seed := range []string{
		"", "{", "null", "[]", "0", `"text"`, `{"rejections":null,"accepted":{}}`, `{"rejections":[{}]}`,
		`{"rejections":[{"count":-9223372036854775808}]}`, `{"rejections":[{"count":1e400}]}`,
		`{"rejections":[{"count":1,"at":"0000-01-01T00:00:00+23:59"}],"unknowns":[{"at":"9999-12-31T23:59:59-23:59"}]}`,
		`{"accepted":{"at":"2026-02-30T00:00:00Z"}}`,
	} {
		f.Add([]byte(seed))
	}

	f.Fuzz(func(t *testing.T, content []byte) {
		folder := t.TempDir()
		for file, content := range map[string][]byte{"key": key, name: content} {
			if err := os.WriteFile(filepath.Join(folder, file), content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		equinix := newFakeEquinix("id", "right")
		equinix.end(noAnswer(), noAnswer()) // repeated once, if that is allowed
		retrier := NewRetrier(equinix, MaxRetries, 0)

		guard := NewLockoutGuard(retrier, folder)
		for _, secret := range []string{"unknown", "wrong-0", "wrong-0", "wrong-1", "wrong-2", "wrong-3"} {
			var failure *Error
			if err := call(t, guard, "id", secret); !errors.As(err, &failure) || failure.Lockout == nil {
				t.Fatalf("%s: the error is %+v", secret, err)
			}
			if failure.Lockout.Rejections < 1 || failure.Lockout.Rejections > 2*maxKept*maxKept {
				t.Errorf("%s: known are %+v", secret, *failure.Lockout)
			}
		}
		sent := slices.Clone(equinix.sent)
		if len(sent) > maxRejections {
			t.Errorf("sent were %q", sent)
		}
		sent = slices.DeleteFunc(sent, func(secret string) bool { return secret == "unknown" })
		if slices.Sort(sent); len(slices.Compact(slices.Clone(sent))) != len(sent) {
			t.Errorf("a rejected secret was sent twice: %q", sent)
		}

		// What is in the file now, the guard has made or checked.
		stored, _, err := (&recordFile{path: filepath.Join(folder, name)}).read()
		if err != nil {
			t.Errorf("the file cannot be used: %s", err)
		}
		if all, _ := stored.successive(time.Now()); all < maxRejections {
			t.Errorf("after four rejections the file knows %d", all)
		}
		// Another process is told what holds it back, and nothing does once it is
		// cleared.
		equinix.ends = nil
		if err := runOnce(t, retrier, folder, "right"); err != nil {
			expectBlocked(t, err)
		}
		if err := os.Remove(filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
		expectToken(t, runOnce(t, retrier, folder, "right"))
	})
}

func expectBlocked(t *testing.T, err error) {
	t.Helper()
	var failure *Error
	if !errors.As(err, &failure) || !failure.Withheld() || failure.Lockout.Record == "" {
		t.Errorf("the error is %+v", err)
	}
}
