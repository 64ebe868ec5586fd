package provider_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/equinix-community/terraform-provider-equinix-oauth2/internal/accesstoken/accesstokentest"
)

// What the acceptance-test harness hides (files, logs, several processes,
// signals) is tested with the built provider, run by the real CLI.

// cliPath finds the Terraform or OpenTofu that the tests run.
var cliPath = sync.OnceValues(func() (string, error) {
	if path := os.Getenv("TF_ACC_TERRAFORM_PATH"); path != "" {
		return path, nil
	}
	if path, err := exec.LookPath("terraform"); err == nil {
		return path, nil
	}
	path, err := exec.LookPath("tofu")
	if err != nil {
		return "", errors.New("neither terraform nor tofu is on PATH: run `make test`, which builds one")
	}
	return path, nil
})

// ownFolder is the home of the tests and holds all that they share. isolate makes
// it and TestMain removes it.
var ownFolder string

// buildFolder holds the built provider.
var buildFolder = sync.OnceValues(func() (string, error) {
	folder, err := os.MkdirTemp(ownFolder, "build")
	if err != nil {
		return "", err
	}
	build := exec.Command("go", "build", "-o", filepath.Join(folder, "terraform-provider-equinix-oauth2"), "../..")
	build.Env = developerEnvironment
	if output, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the provider: %w\n%s", err, output)
	}
	return folder, nil
})

func TestMain(m *testing.M) {
	if err := isolate(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(ownFolder)
	os.Exit(code)
}

// developerEnvironment is the environment as it was before isolate; the go
// command needs it.
var developerEnvironment = os.Environ()

// isolate keeps what the developer has out of the tests that run the provider in
// this process (credentials, settings, records of the lockout guard), and tells
// the acceptance-test framework which CLI to run.
func isolate() error {
	for _, variable := range developerEnvironment {
		name, _, _ := strings.Cut(variable, "=")
		if strings.HasPrefix(name, "EQUINIX_") || strings.HasPrefix(name, "TF_VAR_") || strings.HasPrefix(name, "TF_CLI_") || name == "TF_APPEND_USER_AGENT" {
			if err := os.Unsetenv(name); err != nil {
				return err
			}
		}
	}
	var err error
	if ownFolder, err = os.MkdirTemp("", "equinix-oauth2-home"); err != nil {
		return err
	}
	path, err := cliPath()
	if err != nil {
		return err
	}
	version, err := cliVersionOf()
	if err != nil {
		return err
	}
	variables := map[string]string{
		"HOME": ownFolder, "XDG_CACHE_HOME": filepath.Join(ownFolder, ".cache"),
		"EQUINIX_LOCKOUT_PROTECTION": "false",
		"TF_ACC_TERRAFORM_PATH":      path,
	}
	if version.OpenTofu {
		// The address that OpenTofu gives to the providers under test.
		variables["TF_ACC_PROVIDER_HOST"] = "registry.opentofu.org"
	}
	for name, value := range variables {
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	return nil
}

// cliVersion tells Terraform from OpenTofu and old from new.
type cliVersion struct {
	OpenTofu bool
	Minor    int // of version 1
}

// hasEphemeral reports whether the CLI knows ephemeral resources.
func (v cliVersion) hasEphemeral() bool {
	return !v.OpenTofu && v.Minor >= 10 || v.OpenTofu && v.Minor >= 11
}

// hasFunctions reports whether the CLI calls functions of providers.
func (v cliVersion) hasFunctions() bool {
	return !v.OpenTofu && v.Minor >= 8 || v.OpenTofu && v.Minor >= 7
}

var cliVersionOf = sync.OnceValues(func() (cliVersion, error) {
	path, err := cliPath()
	if err != nil {
		return cliVersion{}, err
	}
	command := exec.Command(path, "version", "-json")
	command.Env = append(os.Environ(), "TF_CLI_CONFIG_FILE="+os.DevNull, "CHECKPOINT_DISABLE=1")
	output, err := command.Output()
	if err != nil {
		return cliVersion{}, err
	}
	var answer struct {
		Version string `json:"terraform_version"`
	}
	if err := json.Unmarshal(output, &answer); err != nil {
		return cliVersion{}, err
	}
	version := cliVersion{}
	if _, err := fmt.Sscanf(answer.Version, "1.%d.", &version.Minor); err != nil {
		return cliVersion{}, fmt.Errorf("version %q: %w", answer.Version, err)
	}
	text, err := exec.Command(path, "version").Output()
	version.OpenTofu = bytes.Contains(text, []byte("OpenTofu"))
	return version, err
})

// testedCLI returns the version of the CLI under test.
func testedCLI(t *testing.T) cliVersion {
	t.Helper()
	version, err := cliVersionOf()
	if err != nil {
		t.Fatal(err)
	}
	return version
}

// workspace is a folder with a configuration that the real CLI runs with the
// built provider, away from the user's home and environment.
type workspace struct {
	t      *testing.T
	folder string            // the configuration, and what the CLI leaves there
	home   string            // HOME
	cache  string            // XDG_CACHE_HOME: the lockout guard's records
	env    map[string]string // what the test adds to the environment
}

// requiredProviders begins a configuration that uses the local name equinix.
const requiredProviders = `
terraform {
  required_providers {
    equinix = {
      source = "equinix-community/equinix-oauth2"
    }
  }
}
`

// newWorkspace returns a workspace with the configuration as its main.tf.
func newWorkspace(t *testing.T, configuration string) *workspace {
	t.Helper()
	binaries, err := buildFolder()
	if err != nil {
		t.Fatal(err)
	}
	w := &workspace{t: t, folder: t.TempDir(), home: t.TempDir(), cache: t.TempDir(), env: map[string]string{}}
	w.write("main.tf", configuration)
	rc := filepath.Join(w.home, "cli.tfrc")
	overrides := fmt.Sprintf("provider_installation {\n  dev_overrides {\n    %q = %q\n  }\n  direct {}\n}\n", "equinix-community/equinix-oauth2", binaries)
	if err := os.WriteFile(rc, []byte(overrides), 0o600); err != nil {
		t.Fatal(err)
	}
	w.env["TF_CLI_CONFIG_FILE"] = rc
	return w
}

// write puts a file into the workspace.
func (w *workspace) write(name, content string) {
	w.t.Helper()
	if err := os.WriteFile(filepath.Join(w.folder, name), []byte(content), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// read returns a file of the workspace; empty if there is none.
func (w *workspace) read(name string) string {
	content, _ := os.ReadFile(filepath.Join(w.folder, name))
	return string(content)
}

// command returns the CLI's command line in a process group of its own, so that
// a test can signal it as a terminal does.
func (w *workspace) command(ctx context.Context, arguments ...string) *exec.Cmd {
	w.t.Helper()
	path, err := cliPath()
	if err != nil {
		w.t.Fatal(err)
	}
	command := exec.CommandContext(ctx, path, arguments...)
	command.Dir = w.folder
	environment := map[string]string{
		"PATH": os.Getenv("PATH"), "HOME": w.home, "XDG_CACHE_HOME": w.cache,
		"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1", "TF_INPUT": "0",
	}
	maps.Copy(environment, w.env)
	for _, name := range slices.Sorted(maps.Keys(environment)) {
		command.Env = append(command.Env, name+"="+environment[name])
	}
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return command
}

// run runs the CLI to its end and returns what it printed, and its exit code.
func (w *workspace) run(arguments ...string) (output string, code int) {
	w.t.Helper()
	printed, err := w.command(w.t.Context(), arguments...).CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		w.t.Fatal(err)
	}
	if exit != nil {
		code = exit.ExitCode()
	}
	return string(printed), code
}

// succeed runs the CLI and fails the test if it fails.
func (w *workspace) succeed(arguments ...string) string {
	w.t.Helper()
	output, code := w.run(arguments...)
	if code != 0 {
		w.t.Fatalf("%s: exit code %d\n%s", strings.Join(arguments, " "), code, output)
	}
	return output
}

// fail runs the CLI and fails the test if it succeeds.
func (w *workspace) fail(arguments ...string) string {
	w.t.Helper()
	output, code := w.run(arguments...)
	if code == 0 {
		w.t.Fatalf("%s: exit code 0\n%s", strings.Join(arguments, " "), output)
	}
	return output
}

// flat undoes the CLI's line breaks and frames, so that a text can be searched
// for a sentence.
func flat(output string) string {
	return strings.Join(strings.FieldsFunc(output, func(r rune) bool {
		return r == ' ' || r == '\n' || r == '│' || r == '╷' || r == '╵'
	}), " ")
}

// outputStrings returns an output that is a list of strings.
func outputStrings(t *testing.T, w *workspace, name string) []string {
	t.Helper()
	var values []string
	if err := json.Unmarshal([]byte(w.succeed("output", "-json", name)), &values); err != nil {
		t.Fatal(err)
	}
	return values
}

// ownerOf asks the mock's API whose a token is.
func ownerOf(t *testing.T, server *accesstokentest.Server, token string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/whoami", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := server.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var answer struct {
		ClientID string `json:"client_id"`
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return answer.ClientID
}

// startServer serves the handler on a loopback address, which it returns.
func startServer(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}
