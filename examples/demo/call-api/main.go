// Call-api reads a URL with the bearer token in the environment variable TOKEN
// and writes what the API answered. The demo uses it because not every machine
// has curl, and because a token on a command line is no secret.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"time"
)

const (
	// timeout bounds the whole exchange.
	timeout = 30 * time.Second
	// maxBody is how many bytes of the answer are kept.
	maxBody = 64 << 10
)

func main() {
	output := flag.String("output", "", "`file` to write the answer to")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, *output, flag.Arg(0), os.Getenv("TOKEN"))
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "call-api:", err)
		os.Exit(1)
	}
}

// run writes status and body of the answer to the file output. An answer other
// than 200 is an error.
func run(ctx context.Context, output, url, token string) error {
	if output == "" || url == "" || token == "" {
		return errors.New("usage: TOKEN=... call-api -output FILE URL")
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBody))
	if err != nil {
		return err
	}
	answer := fmt.Appendf(nil, "HTTP %s\n%s\n", response.Status, body)
	if err := os.WriteFile(output, answer, 0o600); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the API answered HTTP %s", response.Status)
	}
	return nil
}
