package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// mock is a running mock.
type mock struct {
	url    string
	client *http.Client
	stdin  io.Closer
	// stop ends the mock as a signal does.
	stop func()
	// wait waits for the end of the mock and returns what it wrote to standard
	// error and what run returned.
	wait func() (string, error)
}

// start runs the mock with args.
func start(t *testing.T, args ...string) mock {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	stdin, stdinWriter := io.Pipe()
	stdoutReader, stdout := io.Pipe()
	var stderr bytes.Buffer
	var err error
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		err = run(ctx, args, stdin, stdout, &stderr)
		_ = stdout.Close()
	}()
	m := mock{
		client: &http.Client{Transport: &http.Transport{}},
		stdin:  stdinWriter,
		stop:   cancel,
		wait: func() (string, error) {
			<-ended
			return stderr.String(), err
		},
	}
	t.Cleanup(func() {
		cancel()
		<-ended
		_ = stdinWriter.Close()
		m.client.CloseIdleConnections()
	})
	line, readErr := bufio.NewReader(stdoutReader).ReadString('\n')
	if readErr != nil {
		_, err := m.wait()
		t.Fatalf("no URL: %v", err)
	}
	m.url = strings.TrimSuffix(line, "\n")
	return m
}

// exchange sends a request and returns the status and the body of its answer.
func (m mock) exchange(r *http.Request) (status int, body string, err error) {
	response, err := m.client.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	return response.StatusCode, string(content), err
}

// post sends a token request.
func (m mock) post(t *testing.T, payload string) (status int, body string, err error) {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, m.url+"/oauth2/v1/token", strings.NewReader(payload))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	return m.exchange(r)
}

// get sends a GET request.
func (m mock) get(t *testing.T, path, token string) (status int, body string) {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, m.url+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	status, body, err = m.exchange(r)
	if err != nil {
		t.Fatal(err)
	}
	return status, body
}

// demo is a request with the default credentials.
const demo = `{"client_id":"demo-client-id","client_secret":"demo-client-secret","grant_type":"client_credentials"}`

// tokenIn returns the members of a token response.
func tokenIn(t *testing.T, body string) map[string]any {
	t.Helper()
	var token map[string]any
	if err := json.Unmarshal([]byte(body), &token); err != nil {
		t.Fatal(err)
	}
	return token
}

func TestRun_ServesTokenAPIAndStats(t *testing.T) {
	t.Parallel()
	m := start(t)
	if !regexp.MustCompile(`^http://127\.0\.0\.1:\d+$`).MatchString(m.url) {
		t.Errorf("URL %q", m.url)
	}

	status, body, err := m.post(t, demo)
	if err != nil || status != http.StatusOK {
		t.Fatalf("got %d %s, %v, want 200", status, body, err)
	}
	token := tokenIn(t, body)
	if token["token_timeout"] != "3599" || token["user_name"] != "mock-user" {
		t.Errorf("token %v", token)
	}
	accessToken, _ := token["access_token"].(string)
	if status, body := m.get(t, "/metal/v1/user", accessToken); status != http.StatusOK {
		t.Errorf("API: got %d %s, want 200", status, body)
	}
	want := `{"accepted":1,"api_requests":1,"locked":[],"rejected":0,"token_requests":1}`
	if status, body := m.get(t, "/mock/stats", ""); status != http.StatusOK || body != want {
		t.Errorf("stats: got %d %s, want %s", status, body, want)
	}
}

func TestRun_FlagsDescribeAccount(t *testing.T) {
	t.Parallel()
	m := start(t, "-listen=localhost:0", "-client-id=i", "-client-secret=s", "-user-name=u", "-user-password=p",
		"-token-lifetime=90s", "-latency=1ns", "-error-spelling=snake")

	status, body, err := m.post(t, `{"client_id":"i","client_secret":"s","user_name":"u","user_password":"p"}`)
	if err != nil || status != http.StatusOK {
		t.Fatalf("got %d %s, %v, want 200", status, body, err)
	}
	if token := tokenIn(t, body); token["token_timeout"] != "90" || token["user_name"] != "u" || token["refresh_token"] == nil {
		t.Errorf("token %v", token)
	}
	if status, body, err := m.post(t, demo); status != http.StatusUnauthorized || !strings.Contains(body, `"error_code":"S1006"`) {
		t.Errorf("got %d %s, %v, want 401 and error_code", status, body, err)
	}
}

func TestRun_AnswersFaults(t *testing.T) {
	t.Parallel()
	m := start(t, "-fault", "status=503,body=first", "-fault", `{"status": 429, "body": "second"}`,
		"-fault", "break=reset-before-head", "-always-fault", "status=502,body=always")

	for _, want := range []struct {
		status int
		body   string
	}{{503, "first"}, {429, "second"}, {0, ""}, {502, "always"}, {502, "always"}} {
		status, body, err := m.post(t, demo)
		if status != want.status || body != want.body || (err != nil) != (want.status == 0) {
			t.Errorf("got %d %q, %v, want %d %q", status, body, err, want.status, want.body)
		}
	}
}

func TestRun_ServesTLS(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "ca.pem")
	m := start(t, "-tls", "-tls-ca-file", file)

	ca, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(ca) {
		t.Fatalf("no certificate in %s", ca)
	}
	port := m.url[strings.LastIndex(m.url, ":"):]
	for _, name := range []string{"localhost", "127.0.0.1", "::1"} {
		m.client = &http.Client{Transport: &http.Transport{
			TLSClientConfig:   &tls.Config{RootCAs: roots, ServerName: name},
			ForceAttemptHTTP2: true,
		}}
		if status, body, err := m.post(t, demo); status != http.StatusOK {
			t.Errorf("%s: got %d %s, %v, want 200", name, status, body, err)
		}
		m.client.CloseIdleConnections()
	}
	if m.url != "https://127.0.0.1"+port {
		t.Errorf("URL %q", m.url)
	}

	m.client = &http.Client{Transport: &http.Transport{}}
	if status, body, err := m.post(t, demo); err == nil {
		t.Errorf("without the CA: got %d %s, want an error", status, body)
	}
}

func TestRun_LogsTokenRequestsWithoutSecrets(t *testing.T) {
	t.Parallel()
	m := start(t, "-user-name=demo-user", "-user-password=demo-password", "-fault=break=reset-before-head")
	payloads := []string{
		demo,
		demo,
		`{"client_id":"other\nid","client_secret":"wrong-secret","user_name":"demo-user","user_password":"demo-password"}`,
		`{"client_id":{"client_secret":"misplaced-secret"},"grant_type":"client_credentials"}`,
		`broken-secret`,
	}
	var token string
	for _, payload := range payloads {
		if status, body, _ := m.post(t, payload); status == http.StatusOK {
			token, _ = tokenIn(t, body)["access_token"].(string)
		}
	}
	m.get(t, "/api", token)
	m.stop()
	log, err := m.wait()
	if err != nil {
		t.Fatal(err)
	}

	// A client may learn of its answer before the log does, so the order is open.
	lines := strings.SplitAfter(regexp.MustCompile(`(?m)^time=\S+ level=INFO msg="token request" `).ReplaceAllString(log, ""), "\n")
	slices.Sort(lines)
	got := strings.Join(lines, "")
	want := `client_id="" grant_type="" status=400
client_id="" grant_type=client_credentials status=400
client_id="other\nid" grant_type="" status=401
client_id=demo-client-id grant_type=client_credentials status=0
client_id=demo-client-id grant_type=client_credentials status=200
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if token == "" || strings.Contains(log, token) {
		t.Errorf("token %q in the log, or none", token)
	}
}

func TestRun_StopsGracefully(t *testing.T) {
	t.Parallel()
	m := start(t)
	if status, body, err := m.post(t, demo); status != http.StatusOK {
		t.Fatalf("got %d %s, %v, want 200", status, body, err)
	}

	m.stop()

	if log, err := m.wait(); err != nil {
		t.Errorf("run: %v, log %s", err, log)
	}
	if status, body, err := m.post(t, demo); err == nil {
		t.Errorf("after the stop: got %d %s", status, body)
	}
}

func TestRun_StopCutsEndlessRequest(t *testing.T) {
	t.Parallel()
	m := start(t, "-fault=body=x,unbounded,trickle=1ms")
	r, err := http.NewRequest(http.MethodPost, m.url+"/oauth2/v1/token", strings.NewReader(demo))
	if err != nil {
		t.Fatal(err)
	}
	response, err := m.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()

	m.stop()

	if log, err := m.wait(); err != nil {
		t.Errorf("run: %v, log %s", err, log)
	}
	if _, err := io.Copy(io.Discard, response.Body); err == nil {
		t.Error("the endless body came to an orderly end")
	}
}

func TestRun_ExitsWithStdin(t *testing.T) {
	t.Parallel()
	m := start(t, "-exit-with-stdin")
	if status, body, err := m.post(t, demo); status != http.StatusOK {
		t.Fatalf("got %d %s, %v, want 200", status, body, err)
	}

	_ = m.stdin.Close()

	if log, err := m.wait(); err != nil {
		t.Errorf("run: %v, log %s", err, log)
	}
}

func TestRun_IgnoresStdinByDefault(t *testing.T) {
	t.Parallel()
	m := start(t)

	_ = m.stdin.Close()

	if status, body, err := m.post(t, demo); status != http.StatusOK {
		t.Errorf("got %d %s, %v, want 200", status, body, err)
	}
}

func TestRun_RefusesMistakeInArguments(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"unknown flag":      {[]string{"-port=1"}, "-port"},
		"argument":          {[]string{"serve"}, "unexpected argument"},
		"all addresses":     {[]string{"-listen=:0"}, "loopback"},
		"any address":       {[]string{"-listen=0.0.0.0:0"}, "loopback"},
		"public address":    {[]string{"-listen=[2001:db8::1]:0"}, "loopback"},
		"host name":         {[]string{"-listen=example.com:0"}, "loopback"},
		"no port":           {[]string{"-listen=127.0.0.1"}, "-listen"},
		"short lifetime":    {[]string{"-token-lifetime=0s"}, "-token-lifetime"},
		"part of a second":  {[]string{"-token-lifetime=1500ms"}, "-token-lifetime"},
		"negative latency":  {[]string{"-latency=-1s"}, "-latency"},
		"unknown spelling":  {[]string{"-error-spelling=kebab"}, "-error-spelling"},
		"fault":             {[]string{"-fault=status=1"}, "-fault"},
		"always fault":      {[]string{"-always-fault=status=1"}, "-always-fault"},
		"TLS without file":  {[]string{"-tls"}, "-tls-ca-file"},
		"file without -tls": {[]string{"-tls-ca-file=ca.pem"}, "-tls-ca-file"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// The end of the context stops a mock that starts all the same.
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			var stdout, stderr bytes.Buffer

			err := run(ctx, test.args, strings.NewReader(""), &stdout, &stderr)

			if !errors.As(err, new(usageError)) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want a usage error with %q", err, test.want)
			}
			if stdout.Len() > 0 {
				t.Errorf("stdout %q, want none", &stdout)
			}
		})
	}
}

func TestParseOptions_TakesLoopbackAddresses(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"127.0.0.1:0", "127.1.2.3:8080", "[::1]:0", "localhost:0"} {
		if o, err := parseOptions([]string{"-listen", address}, io.Discard); err != nil || o.listen != address {
			t.Errorf("%s: got %q, %v", address, o.listen, err)
		}
	}
}

func TestRun_HelpNamesEveryFlag(t *testing.T) {
	t.Parallel()
	var stdout, stderr bytes.Buffer

	err := run(t.Context(), []string{"-help"}, strings.NewReader(""), &stdout, &stderr)

	if !errors.Is(err, flag.ErrHelp) || stderr.Len() > 0 {
		t.Errorf("got %v, stderr %q", err, &stderr)
	}
	for _, name := range []string{
		"listen", "client-id", "client-secret", "user-name", "user-password", "token-lifetime", "latency", "fault",
		"always-fault", "error-spelling", "tls", "tls-ca-file", "exit-with-stdin",
	} {
		if !regexp.MustCompile(`(?m)^  -` + name + `\b`).MatchString(stdout.String()) {
			t.Errorf("no -%s in\n%s", name, &stdout)
		}
	}
	if !strings.Contains(stdout.String(), faultUsage) {
		t.Errorf("no faults in\n%s", &stdout)
	}
}

func TestRun_FailsWhenItCannotListenOrWrite(t *testing.T) {
	t.Parallel()
	m := start(t)
	for name, args := range map[string][]string{
		"port in use": {"-listen", strings.TrimPrefix(m.url, "http://")},
		"CA file":     {"-tls", "-tls-ca-file", filepath.Join(t.TempDir(), "absent", "ca.pem")},
	} {
		var stdout, stderr bytes.Buffer
		err := run(t.Context(), args, strings.NewReader(""), &stdout, &stderr)
		if err == nil || errors.As(err, new(usageError)) {
			t.Errorf("%s: got %v, want an error that is none of usage", name, err)
		}
		if stdout.Len() > 0 {
			t.Errorf("%s: stdout %q, want none", name, &stdout)
		}
	}
}
