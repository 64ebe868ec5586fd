package main

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
)

// requestLog logs the token requests that next serves, without their secrets.
type requestLog struct {
	next http.Handler
	log  *slog.Logger

	// underWay is locked for reading by each request. A WaitGroup would not do:
	// a request may still arrive while close waits.
	underWay sync.RWMutex
}

// close waits for the requests under way. Nothing is served or logged after it.
func (l *requestLog) close() {
	l.underWay.Lock()
}

// ServeHTTP serves r and logs it, even if next aborts it.
func (l *requestLog) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.underWay.RLock()
	defer l.underWay.RUnlock()
	if !strings.HasSuffix(r.URL.Path, "/oauth2/v1/token") {
		l.next.ServeHTTP(w, r)
		return
	}
	var body bytes.Buffer
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.TeeReader(r.Body, &body), r.Body}
	recorder := &statusRecorder{ResponseWriter: w}
	defer func() {
		var payload struct {
			ClientID  string `json:"client_id"`
			GrantType string `json:"grant_type"`
		}
		// What is no string, or in no JSON object, is logged as empty.
		_ = json.Unmarshal(body.Bytes(), &payload)
		l.log.Info("token request",
			"client_id", payload.ClientID,
			"grant_type", payload.GrantType,
			"status", recorder.status)
	}()
	l.next.ServeHTTP(recorder, r)
}

// statusRecorder remembers the status that is sent, which is zero if none is.
type statusRecorder struct {
	http.ResponseWriter
	status int
}

// WriteHeader remembers status and sends it.
func (r *statusRecorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

// Unwrap gives http.ResponseController the means of the writer below.
func (r *statusRecorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
