package accesstokentest_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/equinix-community/terraform-provider-equinix-oauth2/internal/accesstoken/accesstokentest"
)

// exchange is what a client sees of a token request.
type exchange struct {
	*http.Response
	content []byte
	err     error // that of the head, or else of the body
}

// post sends the right credentials to server. It follows no redirect.
func post(server *accesstokentest.Server) exchange {
	client := server.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	response, err := client.Post(server.URL+"/oauth2/v1/token", "application/json", strings.NewReader(right))
	if err != nil {
		return exchange{err: err}
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	return exchange{Response: response, content: content, err: err}
}

// dial sends the right credentials to server, and returns the connection, on
// which a test sees what net/http hides.
func dial(t *testing.T, server *accesstokentest.Server) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := tokenRequest(right).Write(conn); err != nil {
		t.Fatal(err)
	}
	return conn
}

func TestFault_SetsStatusHeaderAndBody(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fault       accesstokentest.Fault
		status      int
		contentType string
		body        string
	}{
		"zero": {accesstokentest.Fault{}, http.StatusOK, "", ""},
		"HTML": {
			accesstokentest.Fault{Status: http.StatusBadGateway, Body: "<html>bad</html>"},
			http.StatusBadGateway, "text/html; charset=utf-8", "<html>bad</html>",
		},
		"JSON": {
			accesstokentest.Fault{Body: `{"a":1}`},
			http.StatusOK, "application/json", `{"a":1}`,
		},
		"header": {
			accesstokentest.Fault{Status: http.StatusServiceUnavailable, Header: http.Header{"content-type": {"text/x"}}, Body: "{}"},
			http.StatusServiceUnavailable, "text/x", "{}",
		},
		"echo": {
			accesstokentest.Fault{Status: http.StatusBadRequest, Body: "got {{payload}}, twice {{payload}}"},
			http.StatusBadRequest, "text/plain; charset=utf-8", "got " + wrong + ", twice " + wrong,
		},
	} {
		endpoint := accesstokentest.NewEndpoint(account)
		endpoint.Queue(test.fault)

		answer := serve(endpoint, tokenRequest(wrong))

		if answer.Code != test.status {
			t.Errorf("%s: status %d, want %d", name, answer.Code, test.status)
		}
		if got := answer.Header().Get("Content-Type"); got != test.contentType {
			t.Errorf("%s: Content-Type %q, want %q", name, got, test.contentType)
		}
		if got := answer.Body.String(); got != test.body {
			t.Errorf("%s: body %q, want %q", name, got, test.body)
		}
	}
}

func TestFault_Redirects(t *testing.T) {
	t.Parallel()
	server := accesstokentest.NewServer(account)
	defer server.Close()
	server.Queue(accesstokentest.Fault{
		Status: http.StatusTemporaryRedirect,
		Header: http.Header{"Location": {"https://example.com/"}},
	})

	got := post(server)
	if got.err != nil {
		t.Fatal(got.err)
	}
	if location := got.Header.Get("Location"); got.StatusCode != http.StatusTemporaryRedirect || location != "https://example.com/" {
		t.Errorf("status %d, Location %q", got.StatusCode, location)
	}
}

func TestFault_QueueGoesBeforeAlways(t *testing.T) {
	t.Parallel()
	endpoint := accesstokentest.NewEndpoint(account)
	endpoint.Always(accesstokentest.Fault{Status: http.StatusBadGateway, Body: "{}"})
	endpoint.Queue(
		accesstokentest.Fault{Status: http.StatusServiceUnavailable, Body: "{}"},
		accesstokentest.Fault{Status: http.StatusGatewayTimeout, Body: "{}"},
	)

	askStatus(t, endpoint, http.StatusServiceUnavailable, right)
	if status, _ := ask(t, endpoint, apiRequest("")); status != http.StatusUnauthorized {
		t.Errorf("API: status %d, want 401", status)
	}
	askStatus(t, endpoint, http.StatusGatewayTimeout, right)
	askStatus(t, endpoint, http.StatusBadGateway, right, right)
	endpoint.Always(accesstokentest.Fault{})
	askStatus(t, endpoint, http.StatusOK, right)
}

func TestFault_IsNotJudgedByDefault(t *testing.T) {
	t.Parallel()
	endpoint := accesstokentest.NewEndpoint(account)
	askStatus(t, endpoint, http.StatusUnauthorized, wrong)
	endpoint.Queue(
		accesstokentest.Fault{Status: http.StatusUnauthorized, Body: "{}"},
		accesstokentest.Fault{Body: "{}"},
	)

	askStatus(t, endpoint, http.StatusUnauthorized, wrong)
	askStatus(t, endpoint, http.StatusOK, right)
	if n := endpoint.Rejections("id"); n != 1 {
		t.Errorf("Rejections = %d, want 1", n)
	}
}

func TestFault_JudgedCounts(t *testing.T) {
	t.Parallel()
	endpoint := accesstokentest.NewEndpoint(account)
	judged := accesstokentest.Fault{Status: http.StatusInternalServerError, Body: `{"own":true}`, Judged: true}
	endpoint.Queue(judged, judged)

	status, object := ask(t, endpoint, tokenRequest(wrong))
	if n := endpoint.Rejections("id"); status != http.StatusInternalServerError || object["own"] != true || n != 1 {
		t.Errorf("wrong: got %d %v and %d rejections, want the fault and 1", status, object, n)
	}
	askStatus(t, endpoint, http.StatusInternalServerError, right)
	if n := endpoint.Rejections("id"); n != 0 {
		t.Errorf("right: Rejections = %d, want 0", n)
	}
}

func TestFault_JudgedWithoutStatusIsNormalAnswer(t *testing.T) {
	t.Parallel()
	endpoint := accesstokentest.NewEndpoint(account)
	endpoint.Always(accesstokentest.Fault{Header: http.Header{"X-Fault": {"yes"}}, Body: "unused", Judged: true})

	answer := serve(endpoint, tokenRequest(right))
	if body := answer.Body.String(); answer.Code != http.StatusOK || !strings.Contains(body, `"access_token":"mock-`) {
		t.Errorf("got %d %s, want a token", answer.Code, body)
	}
	if header := answer.Header(); header.Get("X-Fault") != "yes" || header.Get("Content-Type") != "application/json" {
		t.Errorf("header %v", header)
	}
	askStatus(t, endpoint, http.StatusUnauthorized, wrong)
}

func TestFault_DelayAddsToLatency(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		endpoint := accesstokentest.NewEndpoint(account)
		endpoint.SetLatency(time.Minute)
		endpoint.Always(accesstokentest.Fault{Status: http.StatusBadGateway, Delay: time.Minute})

		impatient, cancel := context.WithTimeout(t.Context(), 2*time.Minute-1)
		defer cancel()
		if serve(endpoint, tokenRequest(right).WithContext(impatient)) != nil {
			t.Error("a client that leaves early: answered")
		}
		patient, cancel := context.WithTimeout(t.Context(), 2*time.Minute+1)
		defer cancel()
		if answer := serve(endpoint, tokenRequest(right).WithContext(patient)); answer == nil || answer.Code != http.StatusBadGateway {
			t.Errorf("a client that waits: %v, want 502", answer)
		}
	})
}

func TestFault_ResetBeforeHead(t *testing.T) {
	t.Parallel()
	server := accesstokentest.NewServer(account)
	defer server.Close()
	server.Queue(accesstokentest.Fault{Break: accesstokentest.ResetBeforeHead})

	if got := post(server); got.Response != nil || !errors.Is(got.err, syscall.ECONNRESET) {
		t.Errorf("got %v, %v, want a connection reset", got.Response, got.err)
	}
}

func TestFault_ResetInHead(t *testing.T) {
	t.Parallel()
	server := accesstokentest.NewServer(account)
	defer server.Close()
	server.Queue(accesstokentest.Fault{Status: http.StatusBadGateway, Break: accesstokentest.ResetInHead})

	head, err := io.ReadAll(dial(t, server))
	if want := "HTTP/1.1 502 Bad Gateway\r\nContent-Le"; string(head) != want || !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("got %q, %v, want %q and a connection reset", head, err, want)
	}
}

func TestFault_ResetInBody(t *testing.T) {
	t.Parallel()
	server := accesstokentest.NewServer(account)
	defer server.Close()
	server.Queue(accesstokentest.Fault{Body: "begin", Break: accesstokentest.ResetInBody})

	if got := post(server); string(got.content) != "begin" || !errors.Is(got.err, syscall.ECONNRESET) {
		t.Errorf("got %q, %v, want begin and a connection reset", got.content, got.err)
	}
}

func TestFault_ResetsTLSConnection(t *testing.T) {
	t.Parallel()
	server := accesstokentest.NewUnstartedServer(account)
	server.StartTLS()
	defer server.Close()
	server.Queue(accesstokentest.Fault{Break: accesstokentest.ResetBeforeHead})

	if got := post(server); got.Response != nil || !errors.Is(got.err, syscall.ECONNRESET) {
		t.Errorf("got %v, %v, want a connection reset", got.Response, got.err)
	}
}

func TestFault_ResetsHTTP2Stream(t *testing.T) {
	t.Parallel()
	server := accesstokentest.NewTLSServer(account)
	defer server.Close()
	server.Queue(
		accesstokentest.Fault{Break: accesstokentest.ResetBeforeHead},
		accesstokentest.Fault{Break: accesstokentest.ResetInHead},
		accesstokentest.Fault{Body: "begin", Break: accesstokentest.ResetInBody},
	)

	for range 2 {
		if got := post(server); got.Response != nil || got.err == nil {
			t.Errorf("got %v, %v, want an error", got.Response, got.err)
		}
	}
	if got := post(server); string(got.content) != "begin" || got.err == nil {
		t.Errorf("got %q, %v, want begin and an error", got.content, got.err)
	}
}

func TestFault_Truncates(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(...accesstokentest.Account) *accesstokentest.Server{
		"HTTP/1.1": accesstokentest.NewServer,
		"HTTP/2":   accesstokentest.NewTLSServer,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := start(account)
			defer server.Close()
			server.Queue(accesstokentest.Fault{Break: accesstokentest.Truncate, Judged: true})

			got := post(server)
			if !errors.Is(got.err, io.ErrUnexpectedEOF) || !bytes.HasSuffix(got.content, []byte("}")) {
				t.Fatalf("got %q, %v, want an object and an unexpected EOF", got.content, got.err)
			}
			if got.ContentLength != int64(len(got.content)+1) {
				t.Errorf("Content-Length %d, want one more than %d", got.ContentLength, len(got.content))
			}
		})
	}
}

func TestFault_TricklesChunks(t *testing.T) {
	t.Parallel()
	server := accesstokentest.NewServer(account)
	defer server.Close()
	server.Queue(accesstokentest.Fault{Body: "abc", Trickle: time.Nanosecond})

	reader := bufio.NewReader(dial(t, server))
	for line := ""; line != "\r\n"; {
		var err error
		if line, err = reader.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	const want = "1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n"
	chunks := make([]byte, len(want))
	if _, err := io.ReadFull(reader, chunks); err != nil || string(chunks) != want {
		t.Errorf("got %q, %v, want %q", chunks, err, want)
	}
}

func TestFault_TrickleEndsWhenClientLeaves(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		endpoint := accesstokentest.NewEndpoint(account)
		endpoint.Queue(accesstokentest.Fault{Body: "abc", Trickle: time.Minute})
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute+1)
		defer cancel()

		if serve(endpoint, tokenRequest(right).WithContext(ctx)) != nil {
			t.Error("the whole body was sent")
		}
	})
}

func TestFault_UnboundedBodyRepeats(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{"ab": "ababab", "": "      "} {
		server := accesstokentest.NewServer(account)
		server.Queue(accesstokentest.Fault{Body: body, Unbounded: true})

		reader := bufio.NewReader(dial(t, server))
		response, err := http.ReadResponse(reader, nil)
		if err != nil {
			t.Fatal(err)
		}
		begin := make([]byte, len(want))
		if _, err := io.ReadFull(response.Body, begin); err != nil || string(begin) != want {
			t.Errorf("body %q: got %q, %v, want %q", body, begin, err, want)
		}
		// The rest, which no buffer holds, ends when the connection closes.
		server.CloseClientConnections()
		if _, err := io.Copy(io.Discard, response.Body); err == nil {
			t.Errorf("body %q: came to an orderly end", body)
		}
		response.Body.Close()
		server.Close()
	}
}

func TestFault_UnboundedBodyIsCapped(t *testing.T) {
	t.Parallel()
	server := accesstokentest.NewServer(account)
	defer server.Close()
	server.Queue(accesstokentest.Fault{Body: strings.Repeat("abc", 1000), Unbounded: true})

	if got := post(server); len(got.content) != 64<<20 || got.err != nil {
		t.Errorf("got %d bytes, %v, want 64 MiB", len(got.content), got.err)
	}
}

func TestFault_GzipsBody(t *testing.T) {
	t.Parallel()
	endpoint := accesstokentest.NewEndpoint(account)
	endpoint.Queue(accesstokentest.Fault{Body: "words", Gzip: true})

	answer := serve(endpoint, tokenRequest(right))

	if encoding, media := answer.Header().Get("Content-Encoding"), answer.Header().Get("Content-Type"); encoding != "gzip" || media != "text/plain; charset=utf-8" {
		t.Errorf("Content-Encoding %q, Content-Type %q", encoding, media)
	}
	reader, err := gzip.NewReader(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(reader); string(body) != "words" || err != nil {
		t.Errorf("got %q, %v, want words", body, err)
	}
}
