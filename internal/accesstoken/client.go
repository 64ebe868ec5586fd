package accesstoken

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/hashicorp/terraform-plugin-log/tflog"
)

const (
	// maxBody is how much of a response is read, in bytes.
	maxBody = 1 << 20
	// documentedTimeout is a token's lifetime when the response states none
	// (https://developer.equinix.com/catalog/accesstokenv1: 60 minutes).
	documentedTimeout = time.Hour
	// maxTimeout is the longest lifetime that is believed: longer than the 60 days
	// of a refresh token, short enough to be a date.
	maxTimeout = 366 * 24 * time.Hour
)

// Client exchanges one request for one response. It follows no redirect and
// repeats nothing.
type Client struct {
	transport *http.Transport
	timeout   time.Duration
	userAgent string
}

// NewClient returns a Client that gives each exchange the timeout, from
// connecting to the last byte of the body, and sends the user agent with it. It
// honours HTTPS_PROXY, HTTP_PROXY and NO_PROXY.
func NewClient(userAgent string, timeout time.Duration) *Client {
	transport := http.DefaultTransport.(*http.Transport).Clone() //nolint:forcetypeassert // net/http documents the type
	// A process sends one request as a rule. A connection that is not kept can
	// neither be found broken nor outlive its use.
	transport.DisableKeepAlives = true
	transport.TLSHandshakeTimeout = 0 // the exchange's own timeout is the one that counts
	transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	transport.OnProxyConnectResponse = func(_ context.Context, _ *url.URL, _ *http.Request, response *http.Response) error {
		if response.StatusCode != http.StatusOK {
			return proxyError{status: response.StatusCode}
		}
		return nil
	}
	return &Client{transport: transport, timeout: timeout, userAgent: userAgent}
}

// proxyError is a proxy's refusal to open a tunnel to the endpoint.
type proxyError struct{ status int }

func (e proxyError) Error() string {
	return strings.TrimSpace(fmt.Sprintf("the proxy answered HTTP %d %s", e.status, http.StatusText(e.status)))
}

// Token sends the request once.
func (c *Client) Token(ctx context.Context, request Request) (Token, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()

	// Once there is a connection the endpoint may see the request, whatever
	// becomes of it here.
	var connected atomic.Bool
	traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	})
	post, err := http.NewRequestWithContext(traced, http.MethodPost, request.endpoint.tokenURL(), bytes.NewReader(request.body))
	if err != nil {
		return Token{}, &Error{Outcome: Refused, Problem: "the request cannot be made", Attempts: 1, cause: err}
	}
	post.GetBody = nil // nothing below may send the body a second time
	post.Header.Set("Accept", "application/json")
	post.Header.Set("Content-Type", "application/json")
	post.Header.Set("User-Agent", c.userAgent)
	logRequest(ctx, request, post.Header)

	requested := time.Now().Round(0) // without the monotonic clock: an expiry is a time of day
	response, err := c.transport.RoundTrip(post)
	if err != nil {
		failure := c.transportError(ctx, request, err, connected.Load())
		logOutcome(ctx, request, failure, requested)
		return Token{}, failure
	}
	defer func() { _ = response.Body.Close() }()
	body, readError := io.ReadAll(io.LimitReader(response.Body, maxBody+1))
	logResponse(ctx, request, response, body)

	token, failure := c.read(ctx, request, response, body, readError)
	if failure != nil {
		logOutcome(ctx, request, failure, requested)
		return Token{}, failure
	}
	token.Requested = requested
	token.Expiry = requested.Add(documentedTimeout)
	if token.Timeout > 0 {
		token.Expiry = requested.Add(token.Timeout)
	}
	tflog.Debug(ctx, "Obtained an access token", logFields(request, map[string]any{
		"status": response.StatusCode, "duration_ms": time.Since(requested).Milliseconds(), "expiry": token.Expiry.UTC().Format(time.RFC3339),
	}))
	return token, nil
}

// transportError classifies an exchange that ended without a status.
func (c *Client) transportError(ctx context.Context, request Request, err error, connected bool) *Error {
	failure := &Error{Outcome: NotJudged, Attempts: 1, cause: err}
	if connected {
		failure.Outcome, failure.unknowns = Unknown, 1
	}
	var proxy proxyError
	var dns *net.DNSError
	var authority x509.UnknownAuthorityError
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		failure.Problem = fmt.Sprintf("no answer came within %s", c.timeout)
	case ctx.Err() != nil:
		failure.Problem = "the request was interrupted"
	case errors.As(err, &proxy):
		failure.Problem = proxy.Error()
		if proxy.status == http.StatusProxyAuthRequired {
			failure.Outcome = Refused // the proxy may lock its accounts too
		}
	case errors.As(err, &dns):
		failure.Problem = "the host name was not found: " + c.outside(request, err)
	case errors.As(err, &authority):
		failure.Problem = "the TLS certificate comes from an authority that this machine does not trust: " + c.outside(request, err)
	case errors.As(err, &certificate):
		failure.Problem = "the TLS certificate is not valid for this endpoint: " + c.outside(request, err)
	case errors.As(err, &record):
		failure.Problem = "the endpoint does not speak TLS: " + c.outside(request, err)
	case connected:
		failure.Problem = "the connection broke before an answer came: " + c.outside(request, err)
	default:
		failure.Problem = "there is no connection: " + c.outside(request, err)
	}
	return failure
}

// outside returns the text of a network error as an Error may show it. It may
// quote what the other side sent, or the address of a proxy with its password.
func (c *Client) outside(request Request, err error) string {
	secrets := request.secrets
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"} {
		address := os.Getenv(name)
		if at := strings.LastIndex(address, "@"); at >= 0 {
			user := address[:at]
			if _, rest, ok := strings.Cut(user, "://"); ok {
				user = rest
			}
			secrets = append(secrets[:len(secrets):len(secrets)], user)
		}
	}
	return newRedactor(secrets).line(err.Error())
}

// read makes a token or an error of a response. The status alone decides the
// outcome, whatever becomes of the body.
func (c *Client) read(ctx context.Context, request Request, response *http.Response, body []byte, readError error) (Token, *Error) {
	failure := &Error{Outcome: outcomeOf(response.StatusCode), Status: response.StatusCode, Attempts: 1}
	if failure.Outcome == Unknown {
		failure.unknowns = 1
	}
	if failure.Outcome != Accepted {
		scrub := newRedactor(request.secrets)
		failure.Problem = answered(response.StatusCode)
		failure.API = parseAPIError(body, scrub)
		failure.RetryAfter = parseRetryAfter(response.Header.Get("Retry-After"), time.Now())
		if location := response.Header.Get("Location"); response.StatusCode/100 == 3 && location != "" {
			failure.Location = scrub.line(withoutUserInfo(location))
		}
		return Token{}, failure
	}
	switch {
	case readError != nil && errors.Is(ctx.Err(), context.DeadlineExceeded):
		failure.Problem = fmt.Sprintf("the endpoint answered HTTP 200, but the body did not end within %s", c.timeout)
	case readError != nil:
		failure.Problem = "the endpoint answered HTTP 200, but the connection broke within the body"
	case len(body) > maxBody:
		failure.Problem = "the endpoint answered HTTP 200 with more than 1 MiB"
	default:
		token, err := parseToken(body)
		if err == nil {
			return token, nil
		}
		failure.Problem = "the endpoint answered HTTP 200, but " + err.Error()
	}
	failure.cause = readError
	return Token{}, failure
}

// answered is the Problem of a response that is no token.
func answered(status int) string {
	return strings.TrimSpace(fmt.Sprintf("the endpoint answered HTTP %d %s", status, http.StatusText(status)))
}

func outcomeOf(status int) Outcome {
	switch status {
	case http.StatusOK:
		return Accepted
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden:
		return Rejected
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable:
		return NotJudged
	case http.StatusRequestTimeout, http.StatusInternalServerError, http.StatusGatewayTimeout:
		return Unknown
	default:
		return Refused
	}
}

// parseToken reads the body of an accepted request. Its errors tell nothing of
// the body.
func parseToken(body []byte) (Token, error) {
	if !utf8.Valid(body) {
		return Token{}, errors.New("the body is not valid UTF-8")
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil || members == nil {
		return Token{}, errors.New("the body is not a JSON object")
	}
	var accessToken string
	if err := json.Unmarshal(members["access_token"], &accessToken); err != nil || accessToken == "" {
		return Token{}, errors.New("the body has no access_token that is a non-empty string")
	}
	return Token{
		AccessToken:         accessToken,
		Type:                scalar(members["token_type"]),
		UserName:            scalar(members["user_name"]),
		Timeout:             seconds(members["token_timeout"]),
		RefreshToken:        scalar(members["refresh_token"]),
		RefreshTokenTimeout: seconds(members["refresh_token_timeout"]),
		ResponseBody:        string(body),
	}, nil
}

// scalar returns a string, or a number as it is written; empty for all else.
func scalar(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	var number json.Number
	if json.Unmarshal(raw, &number) == nil {
		return number.String()
	}
	return ""
}

// seconds returns a time in whole seconds, written as a string or a number; 0
// where it is absent, not a positive number or beyond belief.
func seconds(raw json.RawMessage) time.Duration {
	number, err := strconv.ParseFloat(strings.TrimSpace(scalar(raw)), 64)
	if err != nil || !(number >= 1 && number <= maxTimeout.Seconds()) {
		return 0
	}
	return time.Duration(number) * time.Second
}

// parseAPIError reads the error's description in either spelling.
func parseAPIError(body []byte, scrub *redactor) APIError {
	var members map[string]json.RawMessage
	if len(body) > maxBody || json.Unmarshal(body, &members) != nil {
		return APIError{}
	}
	member := func(camelCase, snakeCase string) string {
		if text := scalar(members[camelCase]); text != "" {
			return scrub.line(text)
		}
		return scrub.line(scalar(members[snakeCase]))
	}
	return APIError{
		Domain:           member("errorDomain", "error_domain"),
		Code:             member("errorCode", "error_code"),
		Title:            member("errorTitle", "error_title"),
		DeveloperMessage: member("developerMessage", "developer_message"),
		Message:          member("errorMessage", "error_message"),
	}
}

// parseRetryAfter returns the pause that a Retry-After header asks for, in
// seconds or as a date; 0 for none, one in the past, or one that cannot be read.
func parseRetryAfter(header string, now time.Time) time.Duration {
	count, err := strconv.ParseUint(header, 10, 64)
	switch {
	case err == nil || errors.Is(err, strconv.ErrRange):
		return time.Duration(min(count, math.MaxInt64/uint64(time.Second))) * time.Second
	default:
		date, err := http.ParseTime(header)
		if err != nil {
			return 0
		}
		return max(date.Sub(now), 0)
	}
}

func withoutUserInfo(address string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		return "an address that is not a URL"
	}
	parsed.User, parsed.RawQuery, parsed.Fragment = nil, "", ""
	return parsed.String()
}
