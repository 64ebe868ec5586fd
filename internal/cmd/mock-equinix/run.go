package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"
)

// gracePeriod is how long the requests under way may take after the stop.
const gracePeriod = time.Second

// run serves the mock until ctx ends, or stdin if the arguments say so. It
// writes its URL to stdout, and the log of token requests to stderr. A graceful
// stop is no error.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	o, err := parseOptions(args, stdout)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(stderr, nil))
	requests := &requestLog{next: o.endpoint(), log: log}
	requestCtx, abort := context.WithCancel(context.WithoutCancel(ctx))
	defer abort()
	server := &http.Server{
		Handler:           requests,
		ReadHeaderTimeout: 10 * time.Second,
		BaseContext:       func(net.Listener) context.Context { return requestCtx },
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelError),
	}
	scheme := "http"
	if o.tls {
		scheme = "https"
		certificate, ca, err := newCertificate()
		if err != nil {
			return err
		}
		if err := os.WriteFile(o.tlsCAFile, ca, 0o600); err != nil {
			return err
		}
		server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", o.listen)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(stdout, "%s://%s\n", scheme, listener.Addr()); err != nil {
		return errors.Join(err, listener.Close())
	}

	ctx, stop := context.WithCancel(ctx)
	defer stop()
	if o.exitWithStdin {
		go func() {
			// An error ends the input, too.
			_, _ = io.Copy(io.Discard, stdin)
			stop()
		}()
	}
	served := make(chan error, 1)
	go func() {
		if o.tls {
			served <- server.ServeTLS(listener, "", "")
		} else {
			served <- server.Serve(listener)
		}
	}()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}

	grace, cancel := context.WithTimeout(requestCtx, gracePeriod)
	defer cancel()
	err = server.Shutdown(grace)
	if errors.Is(err, context.DeadlineExceeded) {
		abort()
		err = server.Close()
	}
	requests.close()
	return err
}
