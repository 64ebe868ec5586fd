package accesstoken

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"reflect"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/equinix-community/terraform-provider-equinix-oauth2/internal/accesstoken/accesstokentest"
)

const (
	wireSecret = `client-"s3cr3t"-<&>\/+é`
	// soon is the timeout where an exchange must run into it, and long where it
	// must not.
	soon = 300 * time.Millisecond
	long = time.Minute
)

// wire is a mock endpoint and a client that reaches it.
type wire struct {
	server *accesstokentest.Server
	client *Client
}

// overHTTP and overTLS (with HTTP/2) are the ways to an endpoint.
func overHTTP(t testing.TB) wire {
	server := accesstokentest.NewServer(accesstokentest.Account{ClientID: "id", ClientSecret: wireSecret})
	t.Cleanup(server.Close)
	return wire{server, NewClient("agent/1", long)}
}

func overTLS(t testing.TB) wire {
	server := accesstokentest.NewUnstartedServer(accesstokentest.Account{ClientID: "id", ClientSecret: wireSecret})
	server.EnableHTTP2 = true
	return startTLS(t, server)
}

func startTLS(t testing.TB, server *accesstokentest.Server) wire {
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	client := NewClient("agent/1", long)
	client.transport.TLSClientConfig.RootCAs = x509.NewCertPool()
	client.transport.TLSClientConfig.RootCAs.AddCert(server.Certificate())
	return wire{server, client}
}

// request returns a request to the wire's endpoint with the right secret.
func (w wire) request(t testing.TB) Request {
	return requestTo(t, w.server.URL, fieldsOf(ClientID, "id", ClientSecret, wireSecret))
}

// token asks for a token with all retries, and without waiting for them.
func (w wire) token(t testing.TB) (Token, *Error) {
	t.Helper()
	return tokenOf(t, w.client, w.request(t))
}

func tokenOf(t testing.TB, client *Client, request Request) (Token, *Error) {
	t.Helper()
	token, err := NewRetrier(client, MaxRetries, 0).Token(t.Context(), request)
	if err == nil {
		return token, nil
	}
	var failure *Error
	if !errors.As(err, &failure) {
		t.Fatalf("the error is a %T: %v", err, err)
	}
	expectNone(t, formatted(failure)+failure.Location+fmt.Sprintf("%+v", failure.API), wireSecret)
	return token, failure
}

// expectFailure compares what is counted and said of a failure; attempts counts
// those that do not reach the endpoint, too.
func expectFailure(t testing.TB, failure *Error, attempts int, outcome Outcome, status int, problem string) {
	t.Helper()
	if failure == nil {
		t.Fatal("there is a token")
	}
	if failure.Attempts != attempts || failure.Outcome != outcome || failure.Status != status {
		t.Errorf("%d attempts, %s, status %d; want %d, %s, %d", failure.Attempts, failure.Outcome, failure.Status, attempts, outcome, status)
	}
	if !strings.Contains(failure.Error(), problem) {
		t.Errorf("the message is %q, want one with %q", failure, problem)
	}
}

const tokenBody = `{"access_token":"t0ken","token_timeout":"3599","token_type":"Bearer","user_name":"u"}`

// padded returns a token's body of so many bytes.
func padded(size int) string {
	return tokenBody + strings.Repeat(" ", size-len(tokenBody))
}

func TestClient_ClassifiesEveryAnswer(t *testing.T) {
	type fault = accesstokentest.Fault
	status := func(code int) fault { return fault{Status: code, Body: `{"errorCode":"S1","errorTitle":"Oh"}`} }
	const accepted = "the endpoint answered HTTP 200, but "
	for _, row := range []struct {
		name     string
		fault    fault
		timeout  time.Duration // 0: long
		requests int
		outcome  Outcome
		status   int
		problem  string // empty: there is a token
	}{
		{"reset before the head", fault{Break: accesstokentest.ResetBeforeHead}, 0, 2, Unknown, 0, "the connection broke before an answer came: "},
		{"reset in the head", fault{Break: accesstokentest.ResetInHead}, 0, 2, Unknown, 0, "the connection broke before an answer came: "},
		{"reset in the body", fault{Break: accesstokentest.ResetInBody, Body: tokenBody}, 0, 1, Accepted, 200, accepted + "the connection broke within the body"},
		{"truncated", fault{Break: accesstokentest.Truncate, Body: tokenBody}, 0, 1, Accepted, 200, accepted + "the connection broke within the body"},
		{"no answer", fault{Delay: long}, soon, 2, Unknown, 0, "no answer came within 300ms"},
		{"a trickle", fault{Trickle: 100 * time.Millisecond, Body: tokenBody}, soon, 1, Accepted, 200, accepted + "the body did not end within 300ms"},
		{"a quick trickle", fault{Trickle: time.Microsecond, Body: tokenBody}, 0, 1, Accepted, 200, ""},

		{"200 with HTML", fault{Body: "<html>{{payload}}</html>"}, 0, 1, Accepted, 200, accepted + "the body is not a JSON object"},
		{"200, empty", fault{}, 0, 1, Accepted, 200, "the body is not a JSON object"},
		{"200 without a token", fault{Body: `{{payload}}`}, 0, 1, Accepted, 200, "the body has no access_token that is a non-empty string"},
		{"200 with an empty token", fault{Body: `{"access_token":""}`}, 0, 1, Accepted, 200, "no access_token"},
		{"200 with a null token", fault{Body: `{"access_token":null}`}, 0, 1, Accepted, 200, "no access_token"},
		{"200 with a number for a token", fault{Body: `{"access_token":12345}`}, 0, 1, Accepted, 200, "no access_token"},
		{"200 with an object for a token", fault{Body: `{"access_token":{}}`}, 0, 1, Accepted, 200, "no access_token"},
		{"200 with another case", fault{Body: `{"Access_Token":"x"}`}, 0, 1, Accepted, 200, "no access_token"},
		{"200 with an array", fault{Body: `[` + tokenBody + `]`}, 0, 1, Accepted, 200, "the body is not a JSON object"},
		{"200 with null", fault{Body: `null`}, 0, 1, Accepted, 200, "the body is not a JSON object"},
		{"200 with deep nesting", fault{Body: `{"a":` + strings.Repeat("[", 100_000)}, 0, 1, Accepted, 200, "the body is not a JSON object"},
		{"200 with closed deep nesting", fault{Body: `{"access_token":"t0ken","a":` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + `}`}, 0, 1, Accepted, 200, "the body is not a JSON object"},
		{"200 with duplicate keys", fault{Body: `{"access_token":"first","access_token":"t0ken","token_timeout":"3599"}`}, 0, 1, Accepted, 200, ""},
		{"200 with two objects", fault{Body: tokenBody + tokenBody}, 0, 1, Accepted, 200, "the body is not a JSON object"},
		{"200 with invalid UTF-8", fault{Body: "{\"access_token\":\"\xff\"}"}, 0, 1, Accepted, 200, "the body is not valid UTF-8"},
		{"200 with 1 MiB", fault{Body: padded(1 << 20)}, 0, 1, Accepted, 200, ""},
		{"200 with more than 1 MiB", fault{Body: padded(1<<20 + 1)}, 0, 1, Accepted, 200, "with more than 1 MiB"},
		{"200 without end", fault{Unbounded: true}, 0, 1, Accepted, 200, "with more than 1 MiB"},
		{"200 with gzip", fault{Gzip: true, Body: tokenBody}, 0, 1, Accepted, 200, ""},
		{"200 with a gzip of more than 1 MiB", fault{Gzip: true, Body: padded(8 << 20)}, 0, 1, Accepted, 200, "with more than 1 MiB"},
		{"200 with what is no gzip", fault{Header: http.Header{"Content-Encoding": {"gzip"}}, Body: tokenBody}, 0, 1, Accepted, 200, accepted},
		{"201", fault{Status: 201, Body: tokenBody}, 0, 1, Refused, 201, "HTTP 201 Created"},
		{"204", fault{Status: 204}, 0, 1, Refused, 204, "the endpoint answered HTTP 204 No Content"},
		{"299", fault{Status: 299}, 0, 1, Refused, 299, "the endpoint answered HTTP 299"},

		{"301", status(301), 0, 1, Refused, 301, "HTTP 301 Moved Permanently (S1 Oh)"},
		{"302", status(302), 0, 1, Refused, 302, "HTTP 302 Found"},
		{"303", status(303), 0, 1, Refused, 303, "HTTP 303 See Other"},
		{"307", status(307), 0, 1, Refused, 307, "HTTP 307 Temporary Redirect"},
		{"308", status(308), 0, 1, Refused, 308, "HTTP 308 Permanent Redirect"},
		{"400", status(400), 0, 1, Rejected, 400, "HTTP 400 Bad Request (S1 Oh)"},
		{"400 with HTML", fault{Status: 400, Body: "<html>{{payload}}</html>"}, 0, 1, Rejected, 400, "HTTP 400 Bad Request"},
		{"400, empty", fault{Status: 400}, 0, 1, Rejected, 400, "HTTP 400 Bad Request"},
		{"400 with the payload", fault{Status: 400, Body: "{{payload}}"}, 0, 1, Rejected, 400, "HTTP 400 Bad Request"},
		{"400, truncated", fault{Status: 400, Break: accesstokentest.Truncate, Body: `{"errorCode":"S1"}`}, 0, 1, Rejected, 400, "HTTP 400 Bad Request"},
		{"400, a trickle", fault{Status: 400, Trickle: 100 * time.Millisecond, Body: `{"errorCode":"S1"}`}, soon, 1, Rejected, 400, "HTTP 400 Bad Request"},
		{"400 without end", fault{Status: 400, Unbounded: true, Body: `{"errorCode":"S1"}`}, 0, 1, Rejected, 400, "HTTP 400 Bad Request"},
		{"401", status(401), 0, 1, Rejected, 401, "HTTP 401 Unauthorized (S1 Oh)"},
		{"403", status(403), 0, 1, Rejected, 403, "HTTP 403 Forbidden (S1 Oh)"},
		{"404", status(404), 0, 1, Refused, 404, "HTTP 404 Not Found"},
		{"405", status(405), 0, 1, Refused, 405, "HTTP 405 Method Not Allowed"},
		{"407", status(407), 0, 1, Refused, 407, "HTTP 407 Proxy Authentication Required"},
		{"408", status(408), 0, 2, Unknown, 408, "HTTP 408 Request Timeout"},
		{"429", status(429), 0, 4, NotJudged, 429, "HTTP 429 Too Many Requests (S1 Oh)"},
		{"500", status(500), 0, 2, Unknown, 500, "HTTP 500 Internal Server Error (S1 Oh)"},
		{"501", status(501), 0, 1, Refused, 501, "HTTP 501 Not Implemented"},
		{"502", status(502), 0, 4, NotJudged, 502, "HTTP 502 Bad Gateway"},
		{"503", status(503), 0, 4, NotJudged, 503, "HTTP 503 Service Unavailable"},
		{"504", status(504), 0, 2, Unknown, 504, "HTTP 504 Gateway Timeout"},
		{"599", status(599), 0, 1, Refused, 599, "HTTP 599"},
	} {
		for way, open := range map[string]func(testing.TB) wire{"HTTP": overHTTP, "TLS": overTLS} {
			t.Run(row.name+" over "+way, func(t *testing.T) {
				w := open(t)
				w.server.Always(row.fault)
				if reflect.ValueOf(row.fault).IsZero() {
					w.server.Always(fault{Status: 200})
				}
				if row.timeout != 0 {
					w.client.timeout = row.timeout
				}
				token, failure := w.token(t)
				if got := w.server.Count(); got != row.requests {
					t.Errorf("%d requests, want %d", got, row.requests)
				}
				if row.problem != "" {
					expectFailure(t, failure, row.requests, row.outcome, row.status, row.problem)
					return
				}
				if failure != nil || token.AccessToken != "t0ken" || token.Timeout != 3599*time.Second {
					t.Errorf("got %q, %v", token.AccessToken, failure)
				}
			})
		}
	}
}

func TestClient_SendsTheRequest(t *testing.T) {
	for way, open := range map[string]func(testing.TB) wire{"HTTP": overHTTP, "TLS": overTLS} {
		t.Run(way, func(t *testing.T) {
			w := open(t)
			request := requestTo(t, w.server.URL+"/some/prefix/", fieldsOf(ClientID, "id", ClientSecret, wireSecret, AdditionalProperties, `{"n":1.50}`))
			before := time.Now()
			token, err := w.client.Token(t.Context(), request)
			if err != nil {
				t.Fatal(err)
			}
			received := w.server.Requests()
			if len(received) != 1 {
				t.Fatalf("%d requests", len(received))
			}
			if got := received[0]; got.Method != http.MethodPost || got.Path != "/some/prefix/oauth2/v1/token" || string(got.Body) != string(request.body) {
				t.Errorf("%s %s %s", got.Method, got.Path, got.Body)
			}
			want := http.Header{
				"Accept": {"application/json"}, "Content-Type": {"application/json"}, "User-Agent": {"agent/1"},
				"Accept-Encoding": {"gzip"}, "Content-Length": {strconv.Itoa(len(request.body))},
			}
			if way == "HTTP" {
				want["Connection"] = []string{"close"}
			}
			if diff := cmp.Diff(want, received[0].Header); diff != "" {
				t.Errorf("headers (-want +got):\n%s", diff)
			}
			if token.Requested.Before(before.Round(0)) || token.Requested.After(received[0].Time) {
				t.Errorf("requested at %s, sent between %s and %s", token.Requested, before, received[0].Time)
			}
			if token.Requested != token.Requested.Round(0) {
				t.Error("the time of the request has a monotonic clock")
			}
			if token.Expiry != token.Requested.Add(3599*time.Second) {
				t.Errorf("it expires at %s", token.Expiry)
			}
			if diff := cmp.Diff([]string{"Bearer", "mock-user", "", "0s"}, []string{token.Type, token.UserName, token.RefreshToken, token.RefreshTokenTimeout.String()}); diff != "" {
				t.Errorf("token (-want +got):\n%s", diff)
			}
			if got := decoded(t, []byte(token.ResponseBody))["access_token"]; got != token.AccessToken || token.AccessToken == "" {
				t.Errorf("the token is %q, in the body %q", token.AccessToken, got)
			}
		})
	}
}

func TestClient_ReadsThePasswordGrant(t *testing.T) {
	server := accesstokentest.NewServer(accesstokentest.Account{ClientID: "id", ClientSecret: "secret", UserName: "user", UserPassword: "password"})
	defer server.Close()
	for _, arguments := range []Arguments{
		fieldsOf(ClientID, "id", ClientSecret, "secret", UserName, "user", UserPassword, "password"),
		fieldsOf(ClientID, "id", ClientSecret, "secret", UserName, "user", UserPassword, md5OfPassword, PasswordEncoding, EncodingMD5B64),
	} {
		token, err := NewClient("agent/1", long).Token(t.Context(), requestTo(t, server.URL, arguments))
		if err != nil {
			t.Fatal(err)
		}
		if token.UserName != "user" || token.RefreshToken == "" || token.RefreshTokenTimeout != 5182560*time.Second {
			t.Errorf("got %q, %q, %s", token.UserName, token.RefreshToken, token.RefreshTokenTimeout)
		}
	}
}

func TestClient_SpeaksHTTP2OverTLS(t *testing.T) {
	server := accesstokentest.NewUnstartedServer(accesstokentest.Account{ClientID: "id", ClientSecret: wireSecret})
	server.EnableHTTP2 = true
	var protocol atomic.Value
	server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		protocol.Store(r.Proto)
		server.ServeHTTP(w, r)
	})
	w := startTLS(t, server)
	if _, failure := w.token(t); failure != nil {
		t.Fatal(failure)
	}
	if protocol.Load() != "HTTP/2.0" {
		t.Errorf("it speaks %v", protocol.Load())
	}
}

// refuseStreams speaks just enough HTTP/2 to refuse every request, as a server
// does that has not looked at it. It counts them until the client leaves.
func refuseStreams(conn net.Conn, requests *atomic.Int32) {
	defer func() { _ = conn.Close() }()
	const data, headers, reset, settings = 0, 1, 3, 4
	frame := func(kind byte, stream []byte, payload ...byte) {
		_, _ = conn.Write(append(append([]byte{0, 0, byte(len(payload)), kind, 0}, stream...), payload...))
	}
	if _, err := io.CopyN(io.Discard, conn, int64(len("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))); err != nil {
		return
	}
	frame(settings, make([]byte, 4))
	for {
		var head [9]byte
		if _, err := io.ReadFull(conn, head[:]); err != nil {
			return
		}
		if _, err := io.CopyN(io.Discard, conn, int64(head[0])<<16|int64(head[1])<<8|int64(head[2])); err != nil {
			return
		}
		const endStream, refused = 1, 7
		switch {
		case head[3] == headers:
			requests.Add(1)
		case head[3] == data && head[4]&endStream != 0:
			frame(reset, head[5:], 0, 0, 0, refused)
		}
	}
}

// TestClient_SendsABodyOnce: net/http would send a refused request again.
func TestClient_SendsABodyOnce(t *testing.T) {
	own := certificate(t, "127.0.0.1", time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{own}, NextProtos: []string{"h2"}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	var requests atomic.Int32
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go refuseStreams(conn, &requests)
		}
	}()
	client := NewClient("agent/1", long)
	client.transport.TLSClientConfig.RootCAs = x509.NewCertPool()
	client.transport.TLSClientConfig.RootCAs.AddCert(own.Leaf)
	_, err = client.Token(t.Context(), requestTo(t, "https://"+listener.Addr().String(), fieldsOf(ClientID, "id", ClientSecret, wireSecret)))
	var failure *Error
	if !errors.As(err, &failure) {
		t.Fatal(err)
	}
	expectFailure(t, failure, 1, Unknown, 0, "the connection broke before an answer came: ")
	if requests.Load() != 1 {
		t.Errorf("%d requests", requests.Load())
	}
}

func TestClient_RefusesTLSBelow12(t *testing.T) {
	server := accesstokentest.NewUnstartedServer()
	server.TLS = &tls.Config{MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}
	_, failure := startTLS(t, server).token(t)
	expectFailure(t, failure, 4, NotJudged, 0, "there is no connection: ")
}

func TestClient_KeepsNoConnection(t *testing.T) {
	server := accesstokentest.NewUnstartedServer(accesstokentest.Account{ClientID: "id", ClientSecret: wireSecret})
	var connections atomic.Int32
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	w := startTLS(t, server)
	for range 3 {
		if _, failure := w.token(t); failure != nil {
			t.Fatal(failure)
		}
	}
	if connections.Load() != 3 {
		t.Errorf("%d connections", connections.Load())
	}
}

func TestClient_ReadsTheTimeout(t *testing.T) {
	const hour = time.Hour
	for _, row := range []struct {
		timeout any
		want    time.Duration // that the token states
		expires time.Duration
	}{
		{"3599", 3599 * time.Second, 3599 * time.Second},
		{120, 2 * time.Minute, 2 * time.Minute},
		{" 60 ", time.Minute, time.Minute},
		{60.9, time.Minute, time.Minute},
		{"1e2", 100 * time.Second, 100 * time.Second},
		{5184000, 60 * 24 * hour, 60 * 24 * hour},
		{366 * 24 * 3600, maxTimeout, maxTimeout},
		{nil, 0, hour},
		{"", 0, hour},
		{0, 0, hour},
		{"0", 0, hour},
		{0.5, 0, hour},
		{-1, 0, hour},
		{"-3600", 0, hour},
		{366*24*3600 + 1, 0, hour},
		{1e300, 0, hour},
		{"99999999999999999999999", 0, hour},
		{"one hour", 0, hour},
		{"NaN", 0, hour},
		{"Inf", 0, hour},
		{true, 0, hour},
		{[]int{60}, 0, hour},
		{map[string]int{"seconds": 60}, 0, hour},
	} {
		t.Run(fmt.Sprint(row.timeout), func(t *testing.T) {
			w := overHTTP(t)
			w.server.SetTokenTimeout(row.timeout)
			token, failure := w.token(t)
			if failure != nil {
				t.Fatal(failure)
			}
			if got := token.Expiry.Sub(token.Requested); token.Timeout != row.want || got != row.expires {
				t.Errorf("timeout %s, expiry after %s; want %s, %s", token.Timeout, got, row.want, row.expires)
			}
		})
	}
}

// TestClient_TrustsItsOwnClock: neither a Date nor an Expires header moves the
// expiry.
func TestClient_TrustsItsOwnClock(t *testing.T) {
	for _, skew := range []time.Duration{-48 * time.Hour, 48 * time.Hour} {
		w := overHTTP(t)
		date := time.Now().Add(skew).UTC().Format(http.TimeFormat)
		w.server.Always(accesstokentest.Fault{Header: http.Header{"Date": {date}, "Expires": {date}}, Body: tokenBody})
		before := time.Now().Round(0)
		token, failure := w.token(t)
		if failure != nil || token.Requested.Before(before) || token.Requested.After(time.Now()) || token.Expiry != token.Requested.Add(3599*time.Second) {
			t.Errorf("skew %s: requested %s, expiry %s, %v", skew, token.Requested, token.Expiry, failure)
		}
	}
}

func TestClient_ReadsTheAPIsErrorInBothSpellings(t *testing.T) {
	for _, spelling := range []accesstokentest.Spelling{accesstokentest.CamelCase, accesstokentest.SnakeCase} {
		w := overHTTP(t)
		w.server.SetErrorSpelling(spelling)
		_, failure := tokenOf(t, w.client, requestTo(t, w.server.URL, fieldsOf(ClientID, "id", ClientSecret, "wrong")))
		expectFailure(t, failure, 1, Rejected, 401, "the endpoint answered HTTP 401 Unauthorized (S1006 Login Failure)")
		want := APIError{Domain: "apps-mkt-auth", Code: "S1006", Title: "Login Failure", DeveloperMessage: "The credentials are invalid.", Message: "Login Failure"}
		if diff := cmp.Diff(want, failure.API); diff != "" {
			t.Errorf("error (-want +got):\n%s", diff)
		}
		if w.server.Rejections("id") != 1 || !failure.FromAPI() {
			t.Errorf("%d rejections", w.server.Rejections("id"))
		}
	}
}

func TestClient_ReadsOddErrors(t *testing.T) {
	for body, want := range map[string]APIError{
		`{"errorCode":1006,"errorTitle":null,"error_title":"T"}`:        {Code: "1006", Title: "T"},
		`{"errorCode":"","error_code":"S1"}`:                            {Code: "S1"},
		`{"errorCode":"camel","error_code":"snake"}`:                    {Code: "camel"},
		`{"errorCode":["S1"],"errorMessage":{"a":1},"errorDomain":"d"}`: {Domain: "d"},
		`{"errorMessage":" two\nlines\u0007 "}`:                         {Message: "two lines"},
		`{"errorMessage":"` + strings.Repeat("x", 400) + `"}`:           {Message: strings.Repeat("x", 300) + "..."},
		`[{"errorCode":"S1"}]`:                                          {},
		`null`:                                                          {},
		`{"errorCode":"S1"`:                                             {},
		`{"errorCode":"S1"}` + strings.Repeat(" ", 1<<20):               {},
	} {
		w := overHTTP(t)
		w.server.Always(accesstokentest.Fault{Status: 400, Body: body})
		_, failure := w.token(t)
		expectFailure(t, failure, 1, Rejected, 400, "HTTP 400")
		if diff := cmp.Diff(want, failure.API); diff != "" {
			t.Errorf("%.80s (-want +got):\n%s", body, diff)
		}
	}
}

func TestClient_MasksSecretsThatComeBack(t *testing.T) {
	for disguise, text := range disguises(wireSecret) {
		w := overHTTP(t)
		inString := quoted(text, false)
		w.server.Always(accesstokentest.Fault{
			Status: 302,
			Header: http.Header{"Location": {"https://elsewhere.example/" + url.PathEscape(text)}},
			Body:   `{"errorCode":"` + inString + `","errorTitle":"` + inString + `","errorMessage":"bad ` + inString + `","developerMessage":"` + inString + `","errorDomain":"` + inString + `"}`,
		})
		_, failure := w.token(t) // looks for the secret
		if !strings.HasPrefix(failure.API.Message, "bad ***") || !strings.HasPrefix(failure.Location, "https://elsewhere.example/***") {
			t.Errorf("%s: %+v, %s", disguise, failure.API, failure.Location)
		}
	}
}

func TestClient_NamesWhereARedirectPoints(t *testing.T) {
	for location, want := range map[string]string{
		"":                                    "",
		"https://elsewhere.example/a/b":       "https://elsewhere.example/a/b",
		"/relative":                           "/relative",
		"https://u:p4ss@other.example/?q=1":   "https://other.example/",
		"https://other.example/#frag":         "https://other.example/",
		"https://bad host/%zz":                "an address that is not a URL",
		"https://" + strings.Repeat("a", 400): "https://" + strings.Repeat("a", 292) + "...",
	} {
		w := overTLS(t)
		fault := accesstokentest.Fault{Status: 307}
		if location != "" {
			fault.Header = http.Header{"Location": {location}}
		}
		w.server.Always(fault)
		_, failure := w.token(t)
		expectFailure(t, failure, 1, Refused, 307, "HTTP 307")
		if failure.Location != want {
			t.Errorf("%q becomes %q, want %q", location, failure.Location, want)
		}
	}
	w := overTLS(t)
	w.server.Always(accesstokentest.Fault{Status: 400, Header: http.Header{"Location": {"https://elsewhere.example"}}})
	if _, failure := w.token(t); failure.Location != "" {
		t.Errorf("HTTP 400 points to %s", failure.Location)
	}
}

func TestClient_ReadsRetryAfter(t *testing.T) {
	for header, want := range map[string]time.Duration{
		"": 0, "0": 0, "7": 7 * time.Second, "120": 2 * time.Minute,
		"-1": 0, "1.5": 0, "soon": 0,
		"99999999999":                   9223372036 * time.Second, // all that a Duration holds
		"Sun, 06 Nov 1994 08:49:37 GMT": 0,
	} {
		w := overHTTP(t)
		fault := accesstokentest.Fault{Status: 429}
		if header != "" {
			fault.Header = http.Header{"Retry-After": {header}}
		}
		w.server.Always(fault)
		_, failure := w.token(t)
		expectFailure(t, failure, 4, NotJudged, 429, "HTTP 429")
		if failure.RetryAfter != want || w.server.Count() != 4 {
			t.Errorf("%q: %s, %d requests; want %s", header, failure.RetryAfter, w.server.Count(), want)
		}
	}
}

func TestParseRetryAfter_Dates(t *testing.T) {
	now := time.Date(1994, 11, 6, 8, 49, 0, 0, time.UTC)
	for header, want := range map[string]time.Duration{
		"Sun, 06 Nov 1994 08:49:37 GMT":    37 * time.Second,
		"Sunday, 06-Nov-94 08:49:37 GMT":   37 * time.Second,
		"Sun Nov  6 08:49:37 1994":         37 * time.Second,
		"Sun, 06 Nov 1994 08:48:00 GMT":    0,
		"Fri, 31 Dec 9999 23:59:59 GMT":    1<<63 - 1,
		"99999999999999999999999999999999": 9223372036 * time.Second,
		"18446744073709551615":             9223372036 * time.Second,
	} {
		if got := parseRetryAfter(header, now); got != want {
			t.Errorf("%s: %s, want %s", header, got, want)
		}
	}
}

// certificate returns one for the host that signs itself, valid from and to.
func certificate(t testing.TB, host string, from, to time.Time) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: host}, NotBefore: from, NotAfter: to,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if ip := net.ParseIP(host); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{host}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

func TestClient_TrustsValidCertificatesAlone(t *testing.T) {
	now := time.Now()
	valid := certificate(t, "127.0.0.1", now.Add(-time.Hour), now.Add(time.Hour))
	for _, row := range []struct {
		name        string
		certificate tls.Certificate
		trusted     bool
		problem     string
	}{
		{"valid", valid, true, ""},
		{"unknown authority", valid, false, "an authority that this machine does not trust: "},
		{"wrong host", certificate(t, "other.example", now.Add(-time.Hour), now.Add(time.Hour)), true, "the TLS certificate is not valid for this endpoint: "},
		{"expired", certificate(t, "127.0.0.1", now.Add(-time.Hour), now.Add(-time.Minute)), true, "certificate has expired"},
		{"not yet valid", certificate(t, "127.0.0.1", now.Add(time.Hour), now.Add(2*time.Hour)), true, "not yet valid"},
	} {
		t.Run(row.name, func(t *testing.T) {
			server := accesstokentest.NewUnstartedServer(accesstokentest.Account{ClientID: "id", ClientSecret: wireSecret})
			server.TLS = &tls.Config{Certificates: []tls.Certificate{row.certificate}}
			w := startTLS(t, server)
			w.client.transport.TLSClientConfig.RootCAs = x509.NewCertPool()
			if row.trusted {
				w.client.transport.TLSClientConfig.RootCAs.AddCert(row.certificate.Leaf)
			}
			_, failure := w.token(t)
			if row.problem == "" {
				if failure != nil {
					t.Error(failure)
				}
				return
			}
			expectFailure(t, failure, 4, NotJudged, 0, row.problem)
			if w.server.Count() != 0 {
				t.Errorf("%d requests", w.server.Count())
			}
		})
	}
}

func TestClient_TellsPlainHTTPOnHTTPS(t *testing.T) {
	w := overHTTP(t)
	request := requestTo(t, strings.Replace(w.server.URL, "http:", "https:", 1), fieldsOf(ClientID, "id", ClientSecret, wireSecret))
	_, failure := tokenOf(t, w.client, request)
	expectFailure(t, failure, 4, NotJudged, 0, "the endpoint does not speak TLS: ")
	if w.server.Count() != 0 {
		t.Errorf("%d requests", w.server.Count())
	}
}

func TestClient_TellsARefusedConnection(t *testing.T) {
	w := overHTTP(t)
	w.server.Close()
	_, failure := w.token(t)
	expectFailure(t, failure, 4, NotJudged, 0, "there is no connection: ")
	if !strings.Contains(failure.Problem, "refused") {
		t.Errorf("it says %q", failure.Problem)
	}
}

func TestClient_TellsAHostThatIsNotFound(t *testing.T) {
	client := NewClient("agent/1", long)
	client.transport.Proxy = nil
	client.transport.DialContext = func(_ context.Context, network, address string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: network, Err: &net.DNSError{Err: "no such host", Name: address, IsNotFound: true}}
	}
	_, failure := tokenOf(t, client, requestTo(t, "https://nowhere.invalid", fieldsOf(ClientID, "id", ClientSecret, wireSecret)))
	expectFailure(t, failure, 4, NotJudged, 0, "the host name was not found: dial tcp: lookup nowhere.invalid:443: no such host")
}

func TestClient_TellsAConnectThatHangs(t *testing.T) {
	client := NewClient("agent/1", soon)
	client.transport.Proxy = nil
	client.transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	_, err := client.Token(t.Context(), requestWith(t, "id", wireSecret))
	var failure *Error
	if !errors.As(err, &failure) {
		t.Fatal(err)
	}
	expectFailure(t, failure, 1, NotJudged, 0, "no answer came within 300ms")
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the cause is %v", errors.Unwrap(err))
	}
}

func TestClient_TellsAHandshakeThatHangs(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	request := requestTo(t, "https://"+listener.Addr().String(), fieldsOf(ClientID, "id", ClientSecret, wireSecret))
	_, err = NewClient("agent/1", soon).Token(t.Context(), request)
	var failure *Error
	if !errors.As(err, &failure) {
		t.Fatal(err)
	}
	expectFailure(t, failure, 1, NotJudged, 0, "no answer came within 300ms")
}

func TestClient_AnInterruptedRequestMayHaveBeenJudged(t *testing.T) {
	for way, open := range map[string]func(testing.TB) wire{"HTTP": overHTTP, "TLS": overTLS} {
		t.Run(way, func(t *testing.T) {
			w := open(t)
			release := w.server.Hold()
			defer release()
			ctx, cancel := context.WithCancel(t.Context())
			// The mock counts a request before it holds the answer.
			go func() {
				for w.server.Count() == 0 && ctx.Err() == nil {
					select {
					case <-ctx.Done():
					case <-time.After(time.Millisecond):
					}
				}
				cancel()
			}()
			_, err := w.client.Token(ctx, w.request(t))
			var failure *Error
			if !errors.As(err, &failure) {
				t.Fatal(err)
			}
			expectFailure(t, failure, 1, Unknown, 0, "the request was interrupted")
			if failure.unknowns != 1 || w.server.Count() != 1 || !errors.Is(err, context.Canceled) {
				t.Errorf("%d unknown, %d requests, %v", failure.unknowns, w.server.Count(), errors.Unwrap(err))
			}
		})
	}
}

// garbled answers every connection with the text and closes it.
func garbled(t testing.TB, text string) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		_, _ = io.WriteString(conn, text)
		_ = conn.Close()
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestClient_MasksSecretsInAGarbledHead(t *testing.T) {
	for name, text := range map[string]string{
		"status line": wireSecret + " 200 OK\r\n\r\n",
		"header":      "HTTP/1.1 200 OK\r\nno colon " + wireSecret + "\r\n\r\n",
		"length":      "HTTP/1.1 200 OK\r\nContent-Length: " + wireSecret + "\r\n\r\n",
		"encoding":    "HTTP/1.1 200 OK\r\nTransfer-Encoding: " + wireSecret + "\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			request := requestTo(t, garbled(t, text), fieldsOf(ClientID, "id", ClientSecret, wireSecret))
			_, failure := tokenOf(t, NewClient("agent/1", long), request) // looks for the secret
			expectFailure(t, failure, 2, Unknown, 0, "the connection broke before an answer came: ")
			if !strings.Contains(failure.Problem, mask) {
				t.Errorf("nothing is masked in %q", failure.Problem)
			}
		})
	}
}

func TestClient_RefusesARequestThatCannotBeMade(t *testing.T) {
	_, failure := tokenOf(t, NewClient("agent/1", long), Request{endpoint: Endpoint{base: "\x7f"}})
	expectFailure(t, failure, 1, Refused, 0, "the request cannot be made")
}

// proxy answers CONNECT with the status, and with 200 opens a tunnel. It counts
// what it is asked.
type proxy struct {
	*httptest.Server
	asked atomic.Int32
}

func newProxy(t testing.TB, status int) *proxy {
	p := &proxy{}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.asked.Add(1)
		if r.Method != http.MethodConnect || status != http.StatusOK {
			w.WriteHeader(status)
			return
		}
		there, err := (&net.Dialer{}).DialContext(r.Context(), "tcp", r.Host)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		defer func() { _ = there.Close() }()
		w.WriteHeader(http.StatusOK)
		here, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer func() { _ = here.Close() }()
		tunnel(here, buffered.Reader, there)
	}))
	t.Cleanup(p.Close)
	return p
}

// tunnel copies both ways until one side ends.
func tunnel(here net.Conn, from *bufio.Reader, there net.Conn) {
	done := make(chan struct{}, 2)
	go func() { _, _ = io.Copy(there, from); done <- struct{}{} }()
	go func() { _, _ = io.Copy(here, there); done <- struct{}{} }()
	<-done
}

func TestClient_GoesThroughAProxy(t *testing.T) {
	for _, row := range []struct {
		status   int
		asked    int
		requests int
		outcome  Outcome
		problem  string
	}{
		{200, 1, 1, 0, ""},
		{407, 1, 0, Refused, "the proxy answered HTTP 407 Proxy Authentication Required"},
		{403, 4, 0, NotJudged, "the proxy answered HTTP 403 Forbidden"},
		{502, 4, 0, NotJudged, "the proxy answered HTTP 502 Bad Gateway"},
		{204, 4, 0, NotJudged, "the proxy answered HTTP 204 No Content"},
	} {
		t.Run(strconv.Itoa(row.status), func(t *testing.T) {
			w := overTLS(t)
			between := newProxy(t, row.status)
			address, _ := url.Parse(strings.Replace(between.URL, "//", "//proxy-user:pr0xy-pass@", 1))
			w.client.transport.Proxy = http.ProxyURL(address)
			_, failure := w.token(t)
			if got := int(between.asked.Load()); got != row.asked || w.server.Count() != row.requests {
				t.Errorf("the proxy was asked %d times and the endpoint %d times", got, w.server.Count())
			}
			if row.problem == "" {
				if failure != nil {
					t.Error(failure)
				}
				return
			}
			expectFailure(t, failure, row.asked, row.outcome, 0, row.problem)
			expectNone(t, formatted(failure), "pr0xy-pass")
		})
	}
}

func TestClient_TellsAProxyThatIsNotThere(t *testing.T) {
	w := overTLS(t)
	gone := newProxy(t, http.StatusOK)
	gone.Close()
	address, _ := url.Parse(strings.Replace(gone.URL, "//", "//proxy-user:pr0xy-pass@", 1))
	w.client.transport.Proxy = http.ProxyURL(address)
	_, failure := w.token(t)
	expectFailure(t, failure, 4, NotJudged, 0, "there is no connection: proxyconnect tcp: ")
	expectNone(t, formatted(failure), "pr0xy-pass")
}

// proxiedCall is the variable that makes TestClient_HonoursTheProxyVariables a
// process of its own: net/http reads the variables once.
const proxiedCall = "ACCESSTOKEN_TEST_PROXIED_CALL"

func TestClient_HonoursTheProxyVariables(t *testing.T) {
	if os.Getenv(proxiedCall) != "" {
		client := NewClient("agent/1", long)
		dial := client.transport.DialContext
		client.transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			if strings.Contains(address, ".invalid") {
				return nil, &net.OpError{Op: "dial", Net: network, Err: &net.DNSError{Err: "no such host", Name: address, IsNotFound: true}}
			}
			return dial(ctx, network, address)
		}
		_, err := client.Token(t.Context(), requestTo(t, "https://api.invalid", fieldsOf(ClientID, "id", ClientSecret, "secret")))
		fmt.Println(err)
		return
	}
	refusing := newProxy(t, http.StatusProxyAuthRequired)
	for exempt, want := range map[string]string{
		"":            "the proxy answered HTTP 407",
		"api.invalid": "the host name was not found",
		".invalid":    "the host name was not found",
		"other":       "the proxy answered HTTP 407",
	} {
		call := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestClient_HonoursTheProxyVariables$", "-test.v")
		call.Env = append(os.Environ(), proxiedCall+"=1", "HTTPS_PROXY="+refusing.URL, "NO_PROXY="+exempt, "https_proxy="+refusing.URL, "no_proxy="+exempt)
		output, err := call.CombinedOutput()
		if err != nil || !strings.Contains(string(output), want) {
			t.Errorf("NO_PROXY=%s: %v, %s", exempt, err, output)
		}
	}
	if refusing.asked.Load() != 2 {
		t.Errorf("the proxy was asked %d times", refusing.asked.Load())
	}
}

func TestClient_MasksTheProxysPassword(t *testing.T) {
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"} {
		for _, address := range []string{"http://user:pa/ss-w0rd@proxy.example:8080", "user:pa/ss-w0rd@proxy.example:8080"} {
			t.Run(name, func(t *testing.T) {
				t.Setenv(name, address)
				got := NewClient("agent/1", long).outside(Request{secrets: []string{"client-s3cret"}}, errors.New(address+" says client-s3cret"))
				if want := strings.Replace(address, "user:pa/ss-w0rd", mask, 1) + " says ***"; got != want {
					t.Errorf("got %s, want %s", got, want)
				}
			})
		}
	}
	t.Setenv("HTTPS_PROXY", "http://@proxy.example")
	if got := NewClient("agent/1", long).outside(Request{}, errors.New("a text")); got != "a text" {
		t.Errorf("an empty user makes it %q", got)
	}
}

// TestClient_BehindTheWholeRow sends wrong and right secrets through all four
// sources: the account stays unlocked.
func TestClient_BehindTheWholeRow(t *testing.T) {
	w := overTLS(t)
	source := NewCache(NewLockoutGuard(NewRetrier(w.client, MaxRetries, 0), ""), nil)
	for i := range 10 {
		request := requestTo(t, w.server.URL, fieldsOf(ClientID, "id", ClientSecret, fmt.Sprintf("wrong %d", i)))
		for range 3 {
			_, err := source.Token(t.Context(), request)
			var failure *Error
			if !errors.As(err, &failure) || failure.Outcome != Rejected || failure.API.Code != "S1006" {
				t.Fatalf("secret %d: %v", i, err)
			}
		}
	}
	if w.server.Count() != maxRejections || w.server.Locked("id") {
		t.Errorf("%d requests, locked: %t", w.server.Count(), w.server.Locked("id"))
	}
}
