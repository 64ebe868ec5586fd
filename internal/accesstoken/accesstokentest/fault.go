package accesstokentest

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	// payloadPlaceholder in a body stands for the body of the request.
	payloadPlaceholder = "{{payload}}"

	// unboundedLimit, in bytes, ends an unbounded body that a client reads
	// without limit.
	unboundedLimit = 64 << 20
)

// Fault is an answer other than the normal one. The zero fields are ordinary,
// so only what is wrong is set:
//
//	Fault{Status: 503, Header: http.Header{"Retry-After": {"1"}}}
//	Fault{Status: 307, Header: http.Header{"Location": {"https://example.com/"}}}
//	Fault{Status: 502, Body: "<html>bad gateway</html>", Delay: time.Second}
//	Fault{Break: ResetBeforeHead, Judged: true}
type Fault struct {
	// Status of the answer. Zero is 200; if the fault is Judged, zero is the
	// status and body of the normal answer, and Body is not used.
	Status int

	// Header is set over the ordinary header. Content-Type is otherwise
	// detected from Body.
	Header http.Header

	// Body of the answer. The placeholder {{payload}} in it stands for the body
	// of the request, as a server does that echoes what it receives.
	Body string

	// Delay before the answer, in addition to the endpoint's latency. A client
	// that leaves ends it.
	Delay time.Duration

	// Break is where the connection breaks.
	Break Break

	// Trickle is the interval at which the body is sent, one byte at a time.
	// Zero sends it at once.
	Trickle time.Duration

	// Unbounded repeats the body (a space, if it is empty) until the client
	// leaves or 64 MiB are sent.
	Unbounded bool

	// Gzip compresses the body, whether or not the client accepts that.
	Gzip bool

	// Judged has the request judged as without a fault: it counts as a
	// rejection, or clears the count and issues a token, although the client
	// may not learn of it.
	Judged bool
}

// Break is where in the response the connection breaks. A reset is one of TCP,
// or of the stream in HTTP/2, where a head is sent whole or not at all.
type Break int

const (
	// NoBreak is a response that is sent whole.
	NoBreak Break = iota
	// ResetBeforeHead resets the connection before anything is sent.
	ResetBeforeHead
	// ResetInHead resets the connection in the middle of the head.
	ResetInHead
	// ResetInBody announces one byte more than it sends, and resets the
	// connection in place of the last one.
	ResetInBody
	// Truncate announces one byte more than it sends, and closes the connection
	// in an orderly way in place of the last one.
	Truncate
)

// response returns the answer to a request with the body payload. normal is
// what would answer it without the fault, if the fault is Judged.
func (f Fault) response(normal response, payload []byte) response {
	answer := normal
	if !f.Judged || f.Status != 0 {
		body := []byte(strings.ReplaceAll(f.Body, payloadPlaceholder, string(payload)))
		answer = response{status: f.Status, header: make(http.Header), body: body}
		if answer.status == 0 {
			answer.status = http.StatusOK
		}
		if len(body) > 0 {
			answer.header.Set("Content-Type", contentType(body))
		}
	}
	for name, values := range f.Header {
		answer.header[http.CanonicalHeaderKey(name)] = values
	}
	return answer
}

// deliver sends answer in the way the fault says.
func (f Fault) deliver(ctx context.Context, w http.ResponseWriter, answer response) {
	switch f.Break {
	case ResetBeforeHead:
		reset(w, "")
		return
	case ResetInHead:
		reset(w, fmt.Sprintf("HTTP/1.1 %d %s\r\nContent-Le", answer.status, http.StatusText(answer.status)))
		return
	case NoBreak, ResetInBody, Truncate:
	}

	body := answer.body
	if f.Gzip {
		body = compress(body)
		answer.header.Set("Content-Encoding", "gzip")
	}
	if (f.Break == ResetInBody || f.Break == Truncate) && !f.Unbounded {
		answer.header.Set("Content-Length", strconv.Itoa(len(body)+1))
	}
	for name, values := range answer.header {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.status)

	var source io.Reader = bytes.NewReader(body)
	if f.Unbounded {
		if len(body) == 0 {
			body = []byte(" ")
		}
		source = io.LimitReader(&repeater{content: body}, unboundedLimit)
	}
	if err := f.send(ctx, w, source); err != nil {
		panic(http.ErrAbortHandler)
	}
	if f.Break == ResetInBody {
		// An error is that of a client that left: there is no more to break.
		_ = http.NewResponseController(w).Flush()
		reset(w, "")
	}
}

// send copies source to w, at once or a byte per interval, until ctx ends.
func (f Fault) send(ctx context.Context, w http.ResponseWriter, source io.Reader) error {
	if f.Trickle <= 0 {
		_, err := io.Copy(w, source)
		return err
	}
	controller := http.NewResponseController(w)
	for {
		if err := wait(ctx, f.Trickle); err != nil {
			return err
		}
		if _, err := io.CopyN(w, source, 1); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if err := controller.Flush(); err != nil {
			return err
		}
	}
}

// reset sends partial in place of a response and resets the connection.
func reset(w http.ResponseWriter, partial string) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		// HTTP/2 has no connection to take over. This resets the stream.
		panic(http.ErrAbortHandler)
	}
	// The errors from here on are those of a client that left.
	_, _ = io.WriteString(conn, partial)
	if encrypted, ok := conn.(*tls.Conn); ok {
		conn = encrypted.NetConn()
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// contentType returns the media type of body, JSON included, which
// http.DetectContentType does not know.
func contentType(body []byte) string {
	if json.Valid(body) {
		return jsonType
	}
	return http.DetectContentType(body)
}

// compress returns body as a gzip member.
func compress(body []byte) []byte {
	var compressed bytes.Buffer
	// Writing to a bytes.Buffer returns no error.
	w := gzip.NewWriter(&compressed)
	_, _ = w.Write(body)
	_ = w.Close()
	return compressed.Bytes()
}

// repeater reads content again and again.
type repeater struct {
	content []byte // not empty
	next    int
}

// Read fills p.
func (r *repeater) Read(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		n := copy(rest, r.content[r.next:])
		rest = rest[n:]
		r.next = (r.next + n) % len(r.content)
	}
	return len(p), nil
}
