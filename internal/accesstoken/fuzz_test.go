package accesstoken

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func FuzzParseToken(f *testing.F) {
	for _, seed := range []string{
		tokenBody, "", "null", "[]", `{"access_token":null}`, `{"access_token":"\ud800"}`, `{"access_token":"a","token_timeout":1e3,"refresh_token":5}`,
		`{"access_token":"a","access_token":"b","token_timeout":"-1"}`, "{\"access_token\":\"\xff\"}", strings.Repeat("[", 20_000),
	} {
		f.Add([]byte(seed))
	}
	known := []string{
		"the body is not valid UTF-8", "the body is not a JSON object", "the body has no access_token that is a non-empty string",
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		token, err := parseToken(body)
		if err != nil {
			if !slices.Contains(known, err.Error()) || token != (Token{}) {
				t.Errorf("error %q, token %v", err, token)
			}
			return
		}
		var members map[string]any
		if json.Unmarshal([]byte(token.ResponseBody), &members) != nil || members["access_token"] != token.AccessToken || token.AccessToken == "" {
			t.Errorf("the token %q is not that of %s", token.AccessToken, body)
		}
		if token.Timeout < 0 || token.Timeout > maxTimeout || token.RefreshTokenTimeout < 0 || token.RefreshTokenTimeout > maxTimeout {
			t.Errorf("timeouts %s and %s", token.Timeout, token.RefreshTokenTimeout)
		}
	})
}

// isDistinct reports whether a secret can be told from the rest of a text, so
// that it must never stand in one.
func isDistinct(secret string) bool {
	return len(secret) >= shortSecret && !isWord(secret) && CheckText(secret) == "" &&
		!strings.ContainsAny(secret, "*.\uFFFD") && !strings.Contains("an address that is not a URL", secret)
}

func FuzzClientRead(f *testing.F) {
	f.Add(401, `{"errorCode":"S1006","errorMessage":"s3cr3t-v\u0061lue"}`, "/s3cr3t-value", "5", "s3cr3t-value")
	f.Add(302, "<html>", "https://u:p@h/%73%33cr3t-value?q#f", "Sun, 06 Nov 1994 08:49:37 GMT", "s3cr3t-value")
	f.Add(400, `{"error_code":1,"errorTitle":"s3cr3t`+"\x00"+`-value"}`, "", "99999999999999999999999", "s3cr3t-value")
	f.Add(500, "{}", "", "", "s3cr3t-value")
	f.Add(200, tokenBody, "", "", "s3cr3t-value")
	f.Add(200, `{"access_token":5}`, "", "", "s3cr3t-value")
	client := NewClient("agent/1", 0)
	f.Fuzz(func(t *testing.T, status int, body, location, retryAfter, secret string) {
		response := &http.Response{StatusCode: status, Header: http.Header{"Location": {location}, "Retry-After": {retryAfter}}}
		_, failure := client.read(t.Context(), Request{secrets: []string{secret}}, response, []byte(body), nil)
		if failure == nil {
			if status != http.StatusOK {
				t.Errorf("HTTP %d is a token", status)
			}
			return
		}
		if failure.Outcome != outcomeOf(status) || failure.RetryAfter < 0 {
			t.Errorf("HTTP %d is %s, Retry-After %s", status, failure.Outcome, failure.RetryAfter)
		}
		if (failure.Outcome == Unknown) != (failure.unknowns == 1) || failure.Attempts != 1 {
			t.Errorf("HTTP %d: %d attempts, %d unknown", status, failure.Attempts, failure.unknowns)
		}
		for _, text := range []string{failure.API.Code, failure.API.Domain, failure.API.Title, failure.API.Message, failure.API.DeveloperMessage, failure.Location} {
			if isDistinct(secret) && strings.Contains(text, secret) {
				t.Errorf("%q shows %q", text, secret)
			}
			if strings.ContainsAny(text, "\n\r\t\x00\x1b") || !utf8.ValidString(text) || utf8.RuneCountInString(text) > maxErrorText+3 {
				t.Errorf("%q is not one short line", text)
			}
		}
	})
}

func FuzzMerge(f *testing.F) {
	f.Add("id", "s3cr3t", "", "", "", "", `{"client_id":"x","n":1.50,"deep":[{"a":null}]}`, `{"more":"s3cr3t"}`, 0)
	f.Add("id", "s3cr3t", "password", "u", "s3cr3t", "md5-b64", `{`, `{"client_id":"s3cr3t"}`, 0)
	f.Add("", "", "", "", "", "", `{"a":1,"\u0061":"s3cr3t"}`, "[\"s3cr3t\xff\"]", 255)
	f.Add("id", "s3cr3t\n", "s3cr3t", "", "", "s3cr3t", `{"grant_type":5,"s3cr3t":}`, "null", 3)
	f.Add("i<d>&\u2028", "s\\\"", "", "", "", "", `{"<":">","😀":"\ud83d\ude00\ud800"}`, ` {"-":-0,"e":1E+5} `, 0)
	f.Fuzz(func(t *testing.T, id, secret, grant, user, password, encoding, request, additional string, unknown int) {
		arguments := Arguments{}
		for i, value := range []string{id, secret, grant, user, password, encoding, request, additional} {
			name := append(slices.Clone(fieldNames), RequestJSON, AdditionalProperties)[i]
			arguments[name] = Argument{Value: value, Set: value != "", Unknown: unknown&(1<<i) != 0}
		}
		payload := Merge(arguments)
		broken := false
		for _, problem := range payload.Problems() {
			broken = broken || !problem.Warning
			if strings.Contains(problem.Summary+problem.Detail, "s3cr3t") {
				t.Errorf("a problem shows a value: %+v", problem)
			}
			if problem.Argument == "" || problem.Summary == "" || problem.Detail == "" {
				t.Errorf("a problem says too little: %+v", problem)
			}
		}
		if broken || unknown&0xff != 0 {
			return
		}
		made, err := NewRequest(Endpoint{}, payload, "fallback-id", "fallback-secret")
		if err != nil {
			t.Fatal(err)
		}
		if !utf8.Valid(made.body) || decoded(t, made.body)[GrantType] != made.GrantType() {
			t.Errorf("the payload is %s", made.body)
		}
		// The payload is a request, and that request makes the same payload.
		again, err := NewRequest(Endpoint{}, Merge(fieldsOf(RequestJSON, string(made.body))), "", "")
		if err != nil || string(again.body) != string(made.body) || again.key != made.key {
			t.Errorf("%s becomes %s, %v", made.body, again.body, err)
		}
	})
}

func FuzzRedact(f *testing.F) {
	f.Add("s3cr3t-value", `{"a":"s3cr3t-v\u0061lue"}`)
	f.Add("a+b c%41\\n\"d", `a%2Bb+c\`)
	f.Add("\\u0041\\\\%25x", `\u`)
	f.Add("é😀-𝔘𝔫𝔦", "%F0%9F\xff")
	f.Fuzz(func(t *testing.T, secret, text string) {
		if len(secret)+len(text) > 1<<12 {
			return
		}
		redactor := newRedactor([]string{secret})
		if !isDistinct(secret) {
			redactor.redact(text)
			redactor.line(text)
			redactor.body([]byte(text))
			return
		}
		for name, disguise := range disguises(secret) {
			for _, got := range []string{
				redactor.redact(text + " (" + disguise + ") " + text), redactor.line(disguise), redactor.body([]byte("(" + disguise + ")")),
			} {
				if strings.Contains(got, secret) || strings.Contains(got, disguise) {
					t.Errorf("%s: %q shows %q", name, got, secret)
				}
			}
		}
		if got := redactor.line(text); strings.Contains(got, secret) {
			t.Errorf("%q shows %q", got, secret)
		}
		if got := redactor.body([]byte(text)); strings.Contains(got, secret) {
			t.Errorf("%q shows %q", got, secret)
		}
	})
}
