//go:build unix

package accesstoken

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/equinix-community/terraform-provider-equinix-oauth2/internal/accesstoken/accesstokentest"
)

func TestRecordFolder_ReplacesAPipe(t *testing.T) {
	expectFileReplaced(t, "a pipe", func(path, _ string) error { return syscall.Mkfifo(path, 0o600) }, false)
}

func TestRecordFolder_OfAnotherUserIsLeftAlone(t *testing.T) {
	folder := t.TempDir()
	if os.Geteuid() != 0 {
		folder = "/" // which is root's
	} else if err := os.Chown(folder, nobody, -1); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := openRecordFolder(folder); err == nil {
		t.Error("the folder is used")
	}
	expectProcessGuard(t, folder)
	if after, err := os.ReadDir(folder); err != nil || len(after) != len(before) {
		t.Errorf("there were %d entries, and now there are %v, %v", len(before), after, err)
	}
}

// runHindered runs calls in a process that files hinder, and fails if these fail
// or a rejected secret is sent twice. It returns the rejection's report.
func runHindered(t *testing.T, folder, hindrance string) callReport {
	t.Helper()
	server := accesstokentest.NewServer(accesstokentest.Account{ClientID: "id", ClientSecret: "right"})
	defer server.Close()
	task := process{Folder: folder, Endpoint: server.URL, ClientID: "id", Calls: 3, Hindrance: hindrance, ClientSecret: "right"}
	for _, call := range task.run(t, 1)[0].Calls {
		if !call.Token {
			t.Errorf("the right secret came to %+v", call)
		}
	}
	sent := server.Count()
	task.ClientSecret = "wrong"
	calls := task.run(t, 1)[0].Calls
	for i, call := range calls {
		if call.Outcome != Rejected.String() || call.Withheld != (i > 0) {
			t.Errorf("call %d with the wrong secret came to %+v", i, call)
		}
	}
	if sent := server.Count() - sent; sent != 1 {
		t.Errorf("%d requests were sent with the wrong secret, want one", sent)
	}
	return calls[0]
}

func TestRecordFolder_ThatCannotBeMadeMeansMemoryAlone(t *testing.T) {
	parent := t.TempDir()
	folder := filepath.Join(parent, "records")
	// The process must find its way, and may not write.
	for path, mode := range map[string]os.FileMode{filepath.Dir(parent): 0o755, parent: 0o555} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	if call := runHindered(t, folder, "unprivileged"); call.Record != "" {
		t.Errorf("the rejection is remembered in %s", call.Record)
	}
	if _, err := os.Lstat(folder); err == nil {
		t.Error("the folder was made: the test proves nothing")
	}
}

func TestRecordFolder_OnAFullDiskMeansMemoryAlone(t *testing.T) {
	t.Run("new", func(t *testing.T) {
		folder := filepath.Join(t.TempDir(), "records")
		if call := runHindered(t, folder, "disk full"); call.Record != "" {
			t.Errorf("the rejection is remembered in %s", call.Record)
		}
		expectNoDraft(t, folder)
	})
	t.Run("known", func(t *testing.T) {
		folder, path := protectedFolder(t)
		before, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if call := runHindered(t, folder, "disk full"); call.Record != "" {
			t.Errorf("the rejection is remembered in %s", call.Record)
		}
		expectNoDraft(t, folder)
		if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
			t.Errorf("the record was\n%s\nand is\n%s, %v", before, after, err)
		}
	})
}

func TestRecordFolder_IsPrivateWhateverTheUmask(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "records")
	if call := runHindered(t, folder, "open umask"); call.Record == "" {
		t.Error("the rejection is not remembered")
	}
	expectPrivate(t, folder)
}
