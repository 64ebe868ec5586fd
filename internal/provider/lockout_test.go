package provider_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/equinix-community/terraform-provider-equinix-oauth2/internal/accesstoken/accesstokentest"
)

// consumerKinds returns the kinds of object that the CLI under test knows.
func consumerKinds(t *testing.T) []string {
	t.Helper()
	if testedCLI(t).hasEphemeral() {
		return []string{"data", "ephemeral"}
	}
	return []string{"data"}
}

// protectedProvider is a provider block with the client of account and the secret
// of the variable secret.
func protectedProvider(endpoint, more string) string {
	return requiredProviders + fmt.Sprintf(`
variable "secret" {
  default = %q
}

provider "equinix" {
  endpoint      = %q
  client_id     = %q
  client_secret = var.secret
  %s
}
`, account.ClientSecret, endpoint, account.ClientID, more)
}

// consumers is a block of that many objects of a kind.
func consumers(kind string, count int, arguments string) string {
	return fmt.Sprintf(`
%s "equinix_oauth2_access_token" "test" {
  count = %d
  %s
}
`, kind, count, arguments)
}

// protectedWorkspace returns a workspace whose plans print no colours, which would
// stand within the sentences.
func protectedWorkspace(t *testing.T, configuration string) *workspace {
	t.Helper()
	w := newWorkspace(t, configuration)
	w.env["TF_CLI_ARGS_plan"] = "-no-color"
	return w
}

// beside returns a workspace with the same configuration and the same home and
// cache folder, as another checkout of the same user has.
func (w *workspace) beside() *workspace {
	w.t.Helper()
	other := protectedWorkspace(w.t, w.read("main.tf"))
	other.home, other.cache = w.home, w.cache
	return other
}

// recordFolder returns where the lockout guard remembers.
func (w *workspace) recordFolder() string {
	w.t.Helper()
	for _, cache := range []string{w.cache, filepath.Join(w.home, "Library", "Caches")} {
		folder := filepath.Join(cache, "terraform-provider-equinix-oauth2")
		if _, err := os.Lstat(folder); err == nil {
			return folder
		}
	}
	return ""
}

// recordPath returns the path of the only record.
func (w *workspace) recordPath() string {
	w.t.Helper()
	paths, err := filepath.Glob(filepath.Join(w.recordFolder(), "*.json"))
	if err != nil || len(paths) != 1 {
		w.t.Fatalf("the records are %q, %v, want one", paths, err)
	}
	return paths[0]
}

// endProof makes the last acceptance in the record one of yesterday.
func (w *workspace) endProof() {
	w.t.Helper()
	path := w.recordPath()
	content, err := os.ReadFile(path)
	if err != nil {
		w.t.Fatal(err)
	}
	stored := object(w.t, string(content))
	accepted, ok := stored["accepted"].(map[string]any)
	if !ok {
		w.t.Fatalf("the record holds no acceptance: %s", content)
	}
	accepted["at"] = time.Now().Add(-24 * time.Hour)
	if content, err = json.Marshal(stored); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// finished is what a run of the CLI came to.
type finished struct {
	output string // without line breaks
	err    error
}

// planAtOnce plans in as many workspaces at once as one user.
func planAtOnce(t *testing.T, first *workspace, runs int, arguments ...string) []finished {
	t.Helper()
	commands := make([]*exec.Cmd, runs)
	for i := range runs {
		w := first
		if i > 0 {
			w = first.beside()
		}
		commands[i] = w.command(t.Context(), append([]string{"plan"}, arguments...)...)
	}
	results := make([]finished, runs)
	var group sync.WaitGroup
	for i, command := range commands {
		group.Go(func() {
			output, err := command.CombinedOutput()
			results[i] = finished{output: flat(string(output)), err: err}
		})
	}
	group.Wait()
	return results
}

// expectRejected checks that a run ended with the rejection's own error, the
// hold-off that is left and the file that remembers it.
func expectRejected(t *testing.T, run finished, record string) {
	t.Helper()
	if run.err == nil {
		t.Errorf("the run succeeded:\n%s", run.output)
	}
	mustContain(t, run.output, "Error: Equinix rejected the credentials", "HTTP 401", "Error code: S1006 Login Failure",
		"Equinix locks the account after 5 successive invalid attempts. Known here: 1 rejected, 0 without an answer.",
		"These credentials are not sent again until", "(in ", "Changed credentials are sent at once.", "Remembered in: "+record)
}

func expectCount(t *testing.T, server *accesstokentest.Server, want int) {
	t.Helper()
	if count := server.Count(); count != want {
		t.Errorf("%d requests were sent, want %d", count, want)
	}
	if server.Locked(account.ClientID) {
		t.Error("the account is locked")
	}
}

func TestLockout_WrongSecretInManyProviderConfigurationsCostsOneAttempt(t *testing.T) {
	for _, kind := range consumerKinds(t) {
		t.Run(kind, func(t *testing.T) {
			server := newServer(t)
			var configuration strings.Builder
			configuration.WriteString(requiredProviders)
			for i := range 8 {
				fmt.Fprintf(&configuration, `
provider "equinix" {
  alias         = "p%[1]d"
  endpoint      = %[2]q
  client_id     = %[3]q
  client_secret = "wrong"
}
%[4]s "equinix_oauth2_access_token" "p%[1]d" {
  provider = equinix.p%[1]d
}
`, i, server.URL, account.ClientID, kind)
			}
			w := protectedWorkspace(t, configuration.String())
			for range 2 {
				output := flat(w.fail("plan"))
				if shown := strings.Count(output, "Error: Equinix rejected the credentials"); shown != 8 {
					t.Errorf("%d errors are shown, want one for each:\n%s", shown, output)
				}
			}
			expectCount(t, server, 1)
		})
	}
}

func TestLockout_WrongSecretInManyRunsCostsOneAttempt(t *testing.T) {
	server := newServer(t)
	w := protectedWorkspace(t, protectedProvider(server.URL, "")+consumers("data", 3, ""))
	for range 2 {
		for _, run := range planAtOnce(t, w, 20, "-var=secret=wrong") {
			expectRejected(t, run, w.recordPath())
		}
	}
	output, code := w.run("plan", "-var=secret=wrong")
	expectRejected(t, finished{flat(output), fmt.Errorf("exit code %d", code)}, w.recordPath())
	expectCount(t, server, 1)

	w.succeed("plan") // the right secret, at once
	expectCount(t, server, 2)
}

func TestLockout_RightSecretInManyRuns(t *testing.T) {
	server := newServer(t)
	server.SetLatency(200 * time.Millisecond)
	w := protectedWorkspace(t, protectedProvider(server.URL, "")+consumers("data", 3, ""))
	for _, run := range planAtOnce(t, w, 20) {
		if run.err != nil {
			t.Errorf("%s:\n%s", run.err, run.output)
		}
	}
	expectCount(t, server, 20)
}

func TestLockout_RevokedSecretInManyRunsCostsOneAttempt(t *testing.T) {
	server := newServer(t)
	w := protectedWorkspace(t, protectedProvider(server.URL, "")+consumers("data", 3, ""))
	w.succeed("plan")
	w.endProof()
	server.SetSecret(account.ClientID, "new")
	for _, run := range planAtOnce(t, w, 20) {
		expectRejected(t, run, w.recordPath())
	}
	expectCount(t, server, 2)
	w.succeed("plan", "-var=secret=new")
}

func TestLockout_SixWrongSecretsLeaveTheAccountUnlocked(t *testing.T) {
	server := newServer(t)
	w := protectedWorkspace(t, protectedProvider(server.URL, "")+consumers("data", 3, ""))
	var output string
	for i := range 6 {
		output = flat(w.fail("plan", fmt.Sprintf("-var=secret=wrong-%d", i)))
		mustContain(t, output, "S1006", "Remembered in: "+w.recordPath())
	}
	mustContain(t, output, "Error: No token request is sent: another rejection could lock the account",
		"Known here: 4 rejected, 0 without an answer.", "until you delete the file that remembers them")
	mustContain(t, flat(w.fail("plan")), "No token request is sent") // the right secret
	expectCount(t, server, 4)

	if err := os.Remove(w.recordPath()); err != nil {
		t.Fatal(err)
	}
	w.succeed("plan")
}

func TestLockout_ManyConsumersOfAWrongSecretCostOneAttempt(t *testing.T) {
	for _, kind := range consumerKinds(t) {
		for _, test := range []struct {
			name, provider, consumer string
		}{
			{"alike", "", ""},
			{"different", "", `additional_properties = jsonencode({ n = count.index })`},
			{"alike, unprotected", "lockout_protection = false", ""},
			{"different, unprotected", "lockout_protection = false", `additional_properties = jsonencode({ n = count.index })`},
		} {
			t.Run(kind+" "+test.name, func(t *testing.T) {
				server := newServer(t)
				w := protectedWorkspace(t, protectedProvider(server.URL, test.provider)+consumers(kind, 100, test.consumer))
				output := flat(w.fail("plan", "-var=secret=wrong"))
				if shown := strings.Count(output, "Error: Equinix rejected the credentials"); shown != 100 {
					t.Errorf("%d errors are shown, want one for each", shown)
				}
				expectCount(t, server, 1)
				if protected := test.provider == ""; (w.recordFolder() != "") != protected {
					t.Errorf("the record's folder is %q", w.recordFolder())
				}
			})
		}
	}
}

func TestLockout_ManyConsumersOfOneTokenCostOneAttempt(t *testing.T) {
	for _, kind := range consumerKinds(t) {
		t.Run(kind, func(t *testing.T) {
			server := newServer(t)
			server.SetLatency(200 * time.Millisecond)
			w := protectedWorkspace(t, protectedProvider(server.URL, "")+consumers(kind, 500, ""))
			w.succeed("plan")
			expectCount(t, server, 1)
		})
	}
}

func TestLockout_ConsumersOfTwoCredentialsCostTwoAttempts(t *testing.T) {
	second := accesstokentest.Account{ClientID: "second-client", ClientSecret: "second-secret"}
	server := accesstokentest.NewServer(account, second)
	defer server.Close()
	for _, kind := range consumerKinds(t) {
		before := server.Count()
		w := protectedWorkspace(t, protectedProvider(server.URL, "")+consumers(kind, 20, "")+fmt.Sprintf(`
%s "equinix_oauth2_access_token" "second" {
  count         = 20
  client_id     = %q
  client_secret = %q
}
`, kind, second.ClientID, second.ClientSecret))
		w.succeed("plan")
		if sent := server.Count() - before; sent != 2 {
			t.Errorf("%s: %d requests were sent, want two", kind, sent)
		}
	}
}

func TestLockout_ProtectionSwitchedOffByTheEnvironment(t *testing.T) {
	server := newServer(t)
	w := protectedWorkspace(t, protectedProvider(server.URL, "")+consumers("data", 3, ""))
	w.env["EQUINIX_LOCKOUT_PROTECTION"] = "false"
	for range 2 {
		output := flat(w.fail("plan", "-var=secret=wrong"))
		mustContain(t, output, "These credentials are not sent again in this run.")
		mustNotContain(t, output, "Remembered in")
	}
	expectCount(t, server, 2)
	if folder := w.recordFolder(); folder != "" {
		t.Errorf("there is the folder %s", folder)
	}
}

// background is a run of the CLI that a test signals.
type background struct {
	t       *testing.T
	command *exec.Cmd

	mu      sync.Mutex
	printed bytes.Buffer  // guarded by mu
	awaited string        // guarded by mu
	seen    chan struct{} // closed when what is awaited was printed; guarded by mu
}

// start starts a run, which ends with the test at the latest: the whole group, as
// a provider may outlive its CLI.
func (w *workspace) start(arguments ...string) *background {
	w.t.Helper()
	run := &background{t: w.t, command: w.command(w.t.Context(), arguments...)}
	run.command.Stdout, run.command.Stderr = run, run
	run.command.WaitDelay = time.Second // for a provider that keeps the output open
	if err := run.command.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = run.signalGroup(syscall.SIGKILL) })
	return run
}

// Write notes what the CLI prints.
func (b *background) Write(text []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.printed.Write(text)
	b.look()
	return len(text), nil
}

// look is for callers that hold mu.
func (b *background) look() {
	if b.seen != nil && bytes.Contains(b.printed.Bytes(), []byte(b.awaited)) {
		close(b.seen)
		b.seen = nil
	}
}

// await waits until the run has printed a text.
func (b *background) await(text string) {
	b.t.Helper()
	seen := make(chan struct{})
	b.mu.Lock()
	b.awaited, b.seen = text, seen
	b.look()
	b.mu.Unlock()
	select {
	case <-seen:
	case <-b.t.Context().Done():
		b.t.Fatalf("the run does not print %q", text)
	case <-time.After(hang):
		b.t.Fatalf("the run does not print %q within %s, but\n%s", text, hang, b.output())
	}
}

func (b *background) output() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.printed.String()
}

// signalGroup signals the CLI and its providers, as a terminal does.
func (b *background) signalGroup(signal syscall.Signal) error {
	return syscall.Kill(-b.command.Process.Pid, signal)
}

// hang is when a test gives up on what should end. It is no measure of speed.
const hang = time.Minute

// wait waits for the end of the CLI.
func (b *background) wait() {
	b.t.Helper()
	ended := make(chan struct{})
	go func() {
		_ = b.command.Wait() // how it ended is in its ProcessState
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(hang):
		b.t.Fatalf("the run has not ended after %s:\n%s", hang, b.output())
	}
}

// until waits for a state of affairs that nothing announces.
func until(t *testing.T, what string, reached func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), hang)
	defer cancel()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for !reached() {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			t.Fatalf("in vain: %s", what)
		}
	}
}

func TestLockout_KilledRunsBlockNobody(t *testing.T) {
	for _, kind := range consumerKinds(t) {
		for _, test := range []struct {
			name string
			kill func(run *background) error
		}{
			{"the whole group", func(run *background) error { return run.signalGroup(syscall.SIGKILL) }},
			{"the CLI alone", func(run *background) error { return run.command.Process.Kill() }},
		} {
			t.Run(kind+" "+test.name, func(t *testing.T) {
				server := newServer(t)
				w := protectedWorkspace(t, protectedProvider(server.URL, "")+consumers(kind, 3, ""))
				release := server.Hold()
				t.Cleanup(release)
				run := w.start("plan")
				until(t, "the request arrives", func() bool { return server.Count() == 1 })
				if err := test.kill(run); err != nil {
					t.Fatal(err)
				}
				run.wait()
				release()
				w.beside().succeed("plan")
				expectCount(t, server, 2)
			})
		}
	}
}

// Nobody can tell whether the requests of killed runs were rejected.
func TestLockout_KilledRunsCountAsPossibleRejections(t *testing.T) {
	server := newServer(t)
	w := protectedWorkspace(t, protectedProvider(server.URL, "")+consumers("data", 3, ""))
	release := server.Hold()
	t.Cleanup(release)
	for i := range 4 {
		run := w.start("plan", fmt.Sprintf("-var=secret=wrong-%d", i))
		until(t, "the request arrives", func() bool { return server.Count() == i+1 })
		if err := run.signalGroup(syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		run.wait()
	}
	release()
	mustContain(t, flat(w.fail("plan", "-var=secret=wrong-4")), "No token request is sent: another rejection could lock the account",
		"Known here: 0 rejected, 4 without an answer.", "Nothing more is sent for this account until")
	expectCount(t, server, 4)
}
