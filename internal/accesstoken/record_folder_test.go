package accesstoken

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// protectedFolder returns a folder in which one account, of the client "id", has
// had the secret "right" accepted, and the path of its record.
func protectedFolder(t testing.TB) (folder, path string) {
	t.Helper()
	folder = t.TempDir()
	expectToken(t, runOnce(t, newFakeEquinix("id", "right"), folder, "right"))
	return folder, onlyRecord(t, folder)
}

// expectProcessGuard fails if a run with the folder fails, or if a rejected
// credential is sent again within one.
func expectProcessGuard(t *testing.T, folder string) {
	t.Helper()
	equinix := newFakeEquinix("id", "right")
	guard := NewLockoutGuard(equinix, folder)
	expectSent(t, call(t, guard, "id", "wrong"))
	expectWithheld(t, call(t, guard, "id", "wrong"))
	expectToken(t, call(t, guard, "id", "right"))
	expectWithheld(t, call(t, guard, "id", "wrong"))
	for i := range 6 {
		_ = expectRejection(t, call(t, guard, "id", fmt.Sprintf("wrong-%d", i)))
	}
	if equinix.locked("id") {
		t.Error("the account is locked")
	}
}

// expectSharedGuard fails if the folder does not carry a rejection from one
// process to many others.
func expectSharedGuard(t *testing.T, folder string) {
	t.Helper()
	equinix := newFakeEquinix("id", "right")
	for _, err := range runAtOnce(t, equinix, folder, "wrong", 8) {
		if lockout := expectRejection(t, err).Lockout; lockout.Record == "" {
			t.Errorf("only memory counts: %+v", *lockout)
		}
	}
	equinix.expectAttempts(t, 1)
	expectToken(t, runOnce(t, equinix, folder, "right"))
}

func TestRecordFolder_IsMadeForItsUserAlone(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "new", "cache", "records")
	expectSharedGuard(t, folder)
	expectPrivate(t, folder)
}

// expectPrivate fails if others than the user can read the folder or a file in it.
func expectPrivate(t *testing.T, folder string) {
	t.Helper()
	if os.PathSeparator == '\\' {
		return // Windows has no such modes
	}
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		want := fs.FileMode(0o600)
		if entry.IsDir() {
			want = 0o700
		}
		if info.Mode().Perm() != want {
			t.Errorf("%s has the mode %s, want %s", path, info.Mode(), want)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestRecordFolder_ClosesAnOpenFolder(t *testing.T) {
	for _, mode := range []fs.FileMode{0o777, 0o755, 0o500, 0o1777} {
		folder := filepath.Join(t.TempDir(), "records")
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(folder, mode); err != nil {
			t.Fatal(err)
		}
		expectSharedGuard(t, folder)
		expectPrivate(t, folder)
	}
}

func TestRecordFolder_IsLeftAloneWhenItCannotBeUsed(t *testing.T) {
	for _, test := range []struct {
		name    string
		prepare func(t *testing.T, place string) (folder string, err error)
	}{
		{"a file in its place", func(_ *testing.T, place string) (string, error) {
			return place, os.WriteFile(place, []byte("content"), 0o600)
		}},
		{"a file in the way", func(_ *testing.T, place string) (string, error) {
			return filepath.Join(place, "records"), os.WriteFile(place, []byte("content"), 0o600)
		}},
		{"a link to a folder", func(t *testing.T, place string) (string, error) {
			return place, os.Symlink(t.TempDir(), place)
		}},
		{"a link to nothing", func(_ *testing.T, place string) (string, error) {
			return place, os.Symlink(place+"-missing", place)
		}},
		{"a link to itself", func(_ *testing.T, place string) (string, error) {
			return place, os.Symlink(place, place)
		}},
		{"a name that is too long", func(_ *testing.T, place string) (string, error) {
			return place + strings.Repeat("x", 5000), nil
		}},
		{"a name that cannot be", func(_ *testing.T, place string) (string, error) {
			return place + "\x00", nil
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			place := filepath.Join(t.TempDir(), "place")
			folder, err := test.prepare(t, place)
			if err != nil {
				t.Fatal(err)
			}
			before := listing(t, filepath.Dir(place))
			target, _ := filepath.EvalSymlinks(place)
			expectProcessGuard(t, folder)
			if after := listing(t, filepath.Dir(place)); after != before {
				t.Errorf("there was\n%s\nand now there is\n%s", before, after)
			}
			if target != "" && target != place {
				if left := listing(t, target); strings.Count(left, "\n") > 1 {
					t.Errorf("where the link points there is\n%s", left)
				}
			}
		})
	}
}

// listing describes everything in a folder.
func listing(t *testing.T, folder string) string {
	t.Helper()
	var lines strings.Builder
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		content, _ := os.ReadFile(path)
		fmt.Fprintf(&lines, "%s %s %q\n", path, entry.Type(), content)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return lines.String()
}

// hostile are things that may stand where a file of the folder should be.
var hostile = []struct {
	name  string
	place func(path, outside string) error
	stays bool // nothing can be put in its place
}{
	{"an empty file", func(path, _ string) error { return os.WriteFile(path, nil, 0o600) }, false},
	{"garbage", func(path, _ string) error { return os.WriteFile(path, []byte("\x00\xff{"), 0o600) }, false},
	{"a file open to all", func(path, _ string) error {
		if err := os.WriteFile(path, []byte("{}"), 0o600); err != nil {
			return err
		}
		return os.Chmod(path, 0o666)
	}, false},
	{"a gigabyte", func(path, _ string) error {
		if err := os.WriteFile(path, []byte("{}"), 0o600); err != nil {
			return err
		}
		return os.Truncate(path, 1<<30)
	}, false},
	{"a folder", func(path, _ string) error { return os.Mkdir(path, 0o700) }, false},
	{"a folder that is not empty", func(path, _ string) error { return os.MkdirAll(filepath.Join(path, "in"), 0o700) }, true},
	{"a link to a file", func(path, outside string) error { return os.Symlink(outside, path) }, false},
	{"a link to nothing", func(path, outside string) error { return os.Symlink(outside+"-missing", path) }, false},
	{"a link to a folder", func(path, outside string) error { return os.Symlink(filepath.Dir(outside), path) }, false},
	{"a link to itself", func(path, _ string) error { return os.Symlink(path, path) }, false},
}

// expectFileReplaced fails if a file of the folder, replaced by something hostile,
// fails a run or weakens the guard.
func expectFileReplaced(t *testing.T, name string, place func(path, outside string) error, stays bool) {
	t.Helper()
	for _, file := range []struct {
		name string
		path func(folder, record string) string
	}{
		{"record", func(_, record string) string { return record }},
		{"record's lock", func(_, record string) string { return record + ".lock" }},
		{"record's turn", func(_, record string) string { return record + ".turn" }},
		{"record's draft", func(_, record string) string { return record + ".draft" }},
		{"key", func(folder, _ string) string { return filepath.Join(folder, "key") }},
		{"key's draft", func(folder, _ string) string { return filepath.Join(folder, "key.draft") }},
	} {
		t.Run(name+" as the "+file.name, func(t *testing.T) {
			prepare := func() (folder, outside string) {
				folder, record := protectedFolder(t)
				outside = filepath.Join(t.TempDir(), "outside")
				if err := os.WriteFile(outside, []byte("{}"), 0o600); err != nil {
					t.Fatal(err)
				}
				path := file.path(folder, record)
				if err := os.RemoveAll(path); err != nil {
					t.Fatal(err)
				}
				if err := place(path, outside); err != nil {
					t.Fatal(err)
				}
				return folder, outside
			}
			folder, outside := prepare()
			before := listing(t, filepath.Dir(outside))
			expectProcessGuard(t, folder)
			if after := listing(t, filepath.Dir(outside)); after != before {
				t.Errorf("outside there was\n%s\nand now there is\n%s", before, after)
			}
			if !stays {
				folder, _ = prepare()
				expectSharedGuard(t, folder)
			}
		})
	}
}

func TestRecordFolder_ReplacesWhatIsNoFileOfItsOwn(t *testing.T) {
	for _, thing := range hostile {
		expectFileReplaced(t, thing.name, thing.place, thing.stays)
	}
}

func TestRecordFile_DistrustsTimesToCome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		equinix, folder := newFakeEquinix("id", "right"), t.TempDir()
		expectSent(t, runOnce(t, equinix, folder, "wrong"))
		path := onlyRecord(t, folder)
		year := time.Now().Year()
		replaceInFile(t, path, fmt.Sprintf(`"at": "%d-`, year), fmt.Sprintf(`"at": "%d-`, year+1000))

		// From now on, not from then: the clock may have been set back.
		for range 2 {
			lockout := expectWithheld(t, runOnce(t, equinix, folder, "wrong"))
			if left := time.Until(lockout.HeldUntil); left > time.Minute || left < 30*time.Second {
				t.Errorf("held for another %s", left)
			}
			time.Sleep(30 * time.Second)
		}
		expectSent(t, runOnce(t, equinix, folder, "wrong"))
		equinix.expectAttempts(t, 2)
	})
}

func TestRecordFile_DistrustsAnAcceptanceToCome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		folder, path := protectedFolder(t)
		year := time.Now().Year()
		replaceInFile(t, path, fmt.Sprintf(`"at": "%d-`, year), fmt.Sprintf(`"at": "%d-`, year+1000))
		equinix := newFakeEquinix("id", "new") // the right secret was revoked
		equinix.latency = time.Second
		for _, err := range runAtOnce(t, equinix, folder, "right", 20) {
			_ = expectRejection(t, err)
		}
		equinix.expectAttempts(t, 1)
	})
}

func TestRecordFile_DistrustsUnansweredAttemptsToCome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		equinix, folder := newFakeEquinix("id", "right"), t.TempDir()
		for range 4 {
			equinix.end(noAnswer())
			_ = runOnce(t, equinix, folder, "right")
		}
		path := onlyRecord(t, folder)
		year := time.Now().Year()
		replaceInFile(t, path, fmt.Sprintf(`"at": "%d-`, year), fmt.Sprintf(`"at": "%d-`, year+1000))
		expectBlocked(t, runOnce(t, equinix, folder, "right"))
		time.Sleep(unknownLifetime)
		expectToken(t, runOnce(t, equinix, folder, "right"))
	})
}

func replaceInFile(t testing.TB, path, from, to string) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.ReplaceAll(string(content), from, to)
	if changed == string(content) {
		t.Fatalf("%s does not stand in %s", from, content)
	}
	if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestRecordFile_DistrustsImpossibleRecords(t *testing.T) {
	for _, content := range []string{
		`null`, `[]`, `"text"`, `0`, `{"rejections":{}}`, `{"rejections":[{"count":"1"}]}`, `{"rejections":[{}]}`,
		`{"rejections":[{"count":-1}]}`, `{"rejections":[{"count":65}]}`, `{"rejections":[{"count":9223372036854775808}]}`,
		`{"rejections":[` + strings.Repeat(`{"count":1},`, 64) + `{"count":1}]}`,
		`{"unknowns":[` + strings.Repeat(`{},`, 64) + `{}]}`,
		strings.Repeat(`{"a":`, 10000) + `1` + strings.Repeat(`}`, 10000),
		`{"accepted":{"at":"yesterday"}}`,
	} {
		folder, path := protectedFolder(t)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		expectProcessGuard(t, folder)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		expectSharedGuard(t, folder)
	}
}

func TestRecordFile_IsNotReadThroughALink(t *testing.T) {
	folder, path := protectedFolder(t)
	outside := filepath.Join(t.TempDir(), "outside")
	content := `{"rejections":[{"credential":"other","count":4,"at":"2026-01-01T00:00:00Z","status":401}]}`
	for _, place := range []string{path, outside} { // as a record it would block
		if err := os.WriteFile(place, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	equinix := newFakeEquinix("id", "right")
	expectBlocked(t, runOnce(t, equinix, folder, "right"))
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, path); err != nil {
		t.Fatal(err)
	}
	expectToken(t, runOnce(t, equinix, folder, "right"))
}

func TestRecordFile_LosesNoUpdateOfMany(t *testing.T) {
	folder, _, err := openRecordFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	const writers, updates = 8, maxKept / 8
	done := make(chan struct{})
	var reading sync.WaitGroup
	for range 2 {
		reading.Go(func() {
			file, known := folder.record("id"), 0
			for {
				stored, _, err := file.read()
				if err != nil || len(stored.Unknowns) < known {
					t.Errorf("the file has %d entries after %d, %v", len(stored.Unknowns), known, err)
				}
				known = len(stored.Unknowns)
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	var writing sync.WaitGroup
	for range writers {
		writing.Go(func() {
			file := folder.record("id")
			for range updates {
				err := file.update(t.Context(), func(r *record) { r.Unknowns = append(r.Unknowns, unknown{At: time.Now()}) })
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	writing.Wait()
	close(done)
	reading.Wait()
	if stored, _, err := folder.record("id").read(); err != nil || len(stored.Unknowns) != writers*updates {
		t.Errorf("the file has %d entries, want %d; %v", len(stored.Unknowns), writers*updates, err)
	}
	expectNoDraft(t, folder.path)
}

func expectNoDraft(t *testing.T, folder string) {
	t.Helper()
	if drafts, _ := filepath.Glob(filepath.Join(folder, "*.draft")); len(drafts) > 0 {
		t.Errorf("there are the drafts %q", drafts)
	}
}

// Whoever was killed while it wrote leaves a draft behind.
func TestRecordFile_OverwritesTheDraftOfAKilledProcess(t *testing.T) {
	folder, path := protectedFolder(t)
	if err := os.WriteFile(path+".draft", []byte(`{"accepted":`), 0o600); err != nil {
		t.Fatal(err)
	}
	expectSharedGuard(t, folder)
	expectNoDraft(t, folder)
}

func TestRecordFile_IsLeftAloneWhileAnotherHoldsItsLock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		folder, path := protectedFolder(t)
		unlock, err := lock(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		before := storedRecord(t, folder)
		time.Sleep(time.Minute)
		expectProcessGuard(t, folder)
		if after := storedRecord(t, folder); !after.Accepted.At.Equal(before.Accepted.At) || len(after.Rejections) > 0 {
			t.Errorf("the record was %+v and is %+v", before, after)
		}

		// Who waits for the lock can be interrupted.
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		start := time.Now()
		if err := (&recordFile{path: path}).update(ctx, func(*record) {}); err == nil {
			t.Error("the file was changed")
		}
		if waited := time.Since(start); waited > 0 { // of the bubble's clock
			t.Errorf("the wait took %s after its end", waited)
		}
		unlock()
		expectSharedGuard(t, folder)
	})
}
