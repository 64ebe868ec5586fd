package provider_test

import (
	"encoding/pem"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/gofrs/flock"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/equinix-community/terraform-provider-equinix-oauth2/internal/accesstoken/accesstokentest"
	"github.com/equinix-community/terraform-provider-equinix-oauth2/internal/provider"
)

// interruption is a place where a run can be interrupted.
type interruption struct {
	name string
	// scheme of the endpoint; http if empty.
	scheme string
	// prepare returns what leads a run to the place, waits until it is there, and
	// opens the way for the next one.
	prepare func(t *testing.T, w *workspace, server *accesstokentest.Server) (reached func(*background), open func())
	// sends says that the endpoint may see the request: it counts as a possible
	// rejection.
	sends bool
}

var interruptions = []interruption{
	{
		name: "connect",
		prepare: func(t *testing.T, _ *workspace, server *accesstokentest.Server) (func(*background), func()) {
			fillBacklog(t, server.Listener)
			return awaitSending, server.Start
		},
	},
	{
		name:   "TLS handshake",
		scheme: "https",
		prepare: func(t *testing.T, w *workspace, server *accesstokentest.Server) (func(*background), func()) {
			return awaitSending, func() { // a connection is made, and nobody takes it
				server.StartTLS()
				authority := filepath.Join(w.home, "authority.pem")
				block := pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}
				if err := os.WriteFile(authority, pem.EncodeToMemory(&block), 0o600); err != nil {
					t.Fatal(err)
				}
				w.env["SSL_CERT_FILE"] = authority
			}
		},
	},
	{
		name:  "response",
		sends: true,
		prepare: func(t *testing.T, _ *workspace, server *accesstokentest.Server) (func(*background), func()) {
			server.Start()
			release := server.Hold()
			t.Cleanup(release)
			return func(*background) { until(t, "the request arrives", func() bool { return server.Count() == 1 }) }, release
		},
	},
	{
		name: "body",
		prepare: func(_ *testing.T, _ *workspace, server *accesstokentest.Server) (func(*background), func()) {
			begun, over := make(chan struct{}, 1), make(chan struct{})
			server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				select {
				case <-over:
					server.ServeHTTP(w, r)
				default:
					trickle(w, r, begun)
				}
			})
			server.Start()
			return func(*background) { <-begun }, func() { close(over) }
		},
	},
	{
		name: "pause before another attempt",
		prepare: func(_ *testing.T, _ *workspace, server *accesstokentest.Server) (func(*background), func()) {
			server.Start()
			server.Always(accesstokentest.Fault{Status: http.StatusServiceUnavailable, Header: http.Header{"Retry-After": {"30"}}})
			return func(run *background) { run.await("Waiting before the next attempt") },
				func() { server.Always(accesstokentest.Fault{}) }
		},
	},
	{
		name: "wait for another run",
		prepare: func(t *testing.T, w *workspace, server *accesstokentest.Server) (func(*background), func()) {
			server.Start()
			w.succeed("plan")
			w.endProof()
			turn := flock.New(w.recordPath() + ".turn")
			if taken, err := turn.TryLock(); err != nil || !taken {
				t.Fatalf("the turn is not free: %t, %v", taken, err)
			}
			t.Cleanup(func() { _ = turn.Unlock() })
			return func(run *background) { run.await("Waiting for other requests") }, func() {
				if err := turn.Unlock(); err != nil {
					t.Error(err)
				}
			}
		},
	},
}

func awaitSending(run *background) { run.await("Sending a token request") }

// fillBacklog lets nobody connect until somebody accepts.
func fillBacklog(t *testing.T, listener net.Listener) {
	t.Helper()
	tcp, ok := listener.(*net.TCPListener)
	if !ok {
		t.Fatalf("the listener is a %T", listener)
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if controlErr := raw.Control(func(fd uintptr) { err = syscall.Listen(int(fd), 0) }); controlErr != nil || err != nil {
		t.Fatal(controlErr, err)
	}
	waiting, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = waiting.Close() })
}

// trickle answers with the body of a token that does not end.
func trickle(w http.ResponseWriter, r *http.Request, begun chan<- struct{}) {
	controller := http.NewResponseController(w)
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for sent := 0; ; sent++ {
		_, _ = w.Write([]byte(" "))
		_ = controller.Flush()
		if sent == 1 {
			begun <- struct{}{}
		}
		select {
		case <-ticker.C:
		case <-r.Context().Done():
			return
		}
	}
}

func TestInterruption_EndsTheRunAndLeavesNothingBehind(t *testing.T) {
	for _, kind := range consumerKinds(t) {
		for _, place := range interruptions {
			t.Run(kind+" "+place.name, func(t *testing.T) {
				server := accesstokentest.NewUnstartedServer(account)
				t.Cleanup(server.Close)
				scheme := "http"
				if place.scheme != "" {
					scheme = place.scheme
				}
				endpoint := scheme + "://" + server.Listener.Addr().String()
				w := protectedWorkspace(t, protectedProvider(endpoint, "")+consumers(kind, 3, ""))
				reached, open := place.prepare(t, w, server)
				w.env["TF_LOG_PROVIDER"] = "DEBUG"
				run := w.start("plan")
				reached(run)

				if err := run.signalGroup(syscall.SIGINT); err != nil {
					t.Fatal(err)
				}
				run.wait()
				if run.command.ProcessState.Success() {
					t.Errorf("the run succeeded:\n%s", run.output())
				}
				mustContain(t, run.output(), "The token request was interrupted")
				until(t, "the provider ends, too", func() bool { return errors.Is(run.signalGroup(0), syscall.ESRCH) })
				expectFolderAtRest(t, w, place)

				open()
				delete(w.env, "TF_LOG_PROVIDER")
				w.succeed("plan")
			})
		}
	}
}

// Terraform tells no provider that the plan of an apply is interrupted; the
// terminal does.
func TestInterruption_EndsTheApplyThatStillPlans(t *testing.T) {
	for _, kind := range consumerKinds(t) {
		t.Run(kind, func(t *testing.T) {
			server := newServer(t)
			release := server.Hold()
			t.Cleanup(release)
			w := protectedWorkspace(t, protectedProvider(server.URL, "")+consumers(kind, 3, ""))
			run := w.start("apply", "-auto-approve")
			until(t, "the request arrives", func() bool { return server.Count() == 1 })

			if err := run.signalGroup(syscall.SIGINT); err != nil {
				t.Fatal(err)
			}
			run.wait()
			if run.command.ProcessState.Success() {
				t.Errorf("the run succeeded:\n%s", run.output())
			}
			mustContain(t, run.output(), "The token request was interrupted")
			expectCount(t, server, 1)
		})
	}
}

// A call that was on its way to the provider when it was stopped must end, too.
func TestInterruption_EndsCallsThatArriveAfterIt(t *testing.T) {
	for _, kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			server := newServer(t)
			p := newProtocol(t)
			p.server = provider.NewServer(t.Context(), "1.2.3")()
			mustSucceed(t, p.configure(credentialed(server)))
			_, diagnostics := p.obtain(kind, attributes{})
			mustSucceed(t, diagnostics)
			if _, err := p.server.StopProvider(t.Context(), &tfprotov6.StopProviderRequest{}); err != nil {
				t.Fatal(err)
			}
			_, diagnostics = p.obtain(kind, attributes{"additional_properties": `{"not":"cached"}`})
			mustContain(t, texts(diagnostics), "The token request was interrupted")
			expectCount(t, server, 1)
		})
	}
}

// expectFolderAtRest checks that nobody holds a lock and that every file is whole.
func expectFolderAtRest(t *testing.T, w *workspace, place interruption) {
	t.Helper()
	files, err := os.ReadDir(w.recordFolder())
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		path := filepath.Join(w.recordFolder(), file.Name())
		switch filepath.Ext(path) {
		case ".draft":
			t.Errorf("the draft %s is left", path)
		case ".turn", ".lock":
			if place.name == "wait for another run" && filepath.Ext(path) == ".turn" {
				continue // the test has it
			}
			lock := flock.New(path)
			if free, err := lock.TryLock(); err != nil || !free {
				t.Errorf("%s is held: %v", path, err)
			}
			if err := lock.Unlock(); err != nil {
				t.Error(err)
			}
		}
	}
	content, err := os.ReadFile(w.recordPath())
	if err != nil {
		t.Fatal(err)
	}
	possible, _ := object(t, string(content))["unknowns"].([]any)
	if want := map[bool]int{true: 1}[place.sends]; len(possible) != want {
		t.Errorf("the record counts %d possible rejections, want %d: %s", len(possible), want, content)
	}
}
