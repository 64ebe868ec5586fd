package accesstoken

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-log/tflog"
)

// maxLoggedBody is how much of a body the log shows, in bytes.
const maxLoggedBody = 16 << 10

// logFields adds what identifies a request to the fields of a log line.
func logFields(request Request, fields map[string]any) map[string]any {
	maps.Copy(fields, map[string]any{
		"endpoint": request.endpoint.String(), "grant_type": request.grantType, "client_id": request.clientID,
	})
	return fields
}

func logOutcome(ctx context.Context, request Request, failure *Error, requested time.Time) {
	tflog.Debug(ctx, "Obtained no access token", logFields(request, map[string]any{
		"outcome": failure.Outcome.String(), "status": failure.Status, "problem": failure.Problem,
		"error_code": failure.API.Code, "duration_ms": time.Since(requested).Milliseconds(),
	}))
}

func logRequest(ctx context.Context, request Request, header http.Header) {
	tflog.Debug(ctx, "Sending a token request", logFields(request, map[string]any{}))
	tflog.Trace(ctx, "Token request", map[string]any{
		"headers": lazyText(func() string { return loggedHeaders(request.secrets, header) }),
		"body":    lazyText(func() string { return loggedBody(request.secrets, request.body) }),
	})
}

func logResponse(ctx context.Context, request Request, response *http.Response, body []byte) {
	// A token is as secret where the response repeats it.
	secrets := func() []string {
		var members map[string]json.RawMessage
		_ = json.Unmarshal(body, &members) // what is no JSON holds no token
		return append(slices.Clip(request.secrets), scalar(members["access_token"]), scalar(members["refresh_token"]))
	}
	tflog.Trace(ctx, "Token response", map[string]any{
		"status":  response.StatusCode,
		"headers": lazyText(func() string { return loggedHeaders(secrets(), response.Header) }),
		"body":    lazyText(func() string { return loggedBody(secrets(), body) }),
	})
}

// lazyText is the text of a log field that is costly to make: it is made only
// where a line is written.
type lazyText func() string

// MarshalText implements [encoding.TextMarshaler] for the logger.
func (t lazyText) MarshalText() ([]byte, error) { return []byte(t()), nil }

func loggedBody(secrets []string, body []byte) string {
	text := newRedactor(secrets).body(body)
	if len(text) > maxLoggedBody {
		return strings.ToValidUTF8(text[:maxLoggedBody], "") + "..."
	}
	return text
}

// loggedHeaders shows the headers with secrets and cookies masked.
func loggedHeaders(secrets []string, header http.Header) string {
	scrub := newRedactor(secrets)
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(header)) {
		value := scrub.line(strings.Join(header[name], ", "))
		lowerCase := strings.ToLower(name)
		if lowerCase == "set-cookie" || strings.Contains(lowerCase, "auth") || strings.Contains(lowerCase, "token") {
			value = mask
		}
		lines = append(lines, scrub.line(name)+": "+value)
	}
	return strings.Join(lines, "\n")
}
