package accesstokentest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/equinix-community/terraform-provider-equinix-oauth2/internal/accesstoken/accesstokentest"
)

const (
	right = `{"client_id":"id","client_secret":"secret","grant_type":"client_credentials"}`
	wrong = `{"client_id":"id","client_secret":"wrong","grant_type":"client_credentials"}`
)

// account is what the endpoints of these tests accept.
var account = accesstokentest.Account{
	ClientID:     "id",
	ClientSecret: "secret",
	UserName:     "user",
	UserPassword: "password",
}

// tokenRequest returns a well-formed request for a token with body.
func tokenRequest(body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/oauth2/v1/token", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	return r
}

// serve returns the answer of handler to r, or nil if it aborts.
func serve(handler http.Handler, r *http.Request) (answer *httptest.ResponseRecorder) {
	defer func() {
		if p := recover(); p != nil {
			if err, ok := p.(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
				panic(p)
			}
			answer = nil
		}
	}()
	answer = httptest.NewRecorder()
	handler.ServeHTTP(answer, r)
	return answer
}

// ask returns the status and the JSON object that handler answers to r.
func ask(t *testing.T, handler http.Handler, r *http.Request) (int, map[string]any) {
	t.Helper()
	answer := serve(handler, r)
	if answer == nil {
		t.Fatal("the request was aborted")
	}
	var object map[string]any
	if err := json.Unmarshal(answer.Body.Bytes(), &object); err != nil {
		t.Fatalf("status %d, body: %v", answer.Code, err)
	}
	return answer.Code, object
}

// askStatus sends a token request with each body and checks the statuses.
func askStatus(t *testing.T, handler http.Handler, want int, bodies ...string) {
	t.Helper()
	for i, body := range bodies {
		if status, object := ask(t, handler, tokenRequest(body)); status != want {
			t.Fatalf("request %d: status %d, want %d: %v", i, status, want, object)
		}
	}
}

// apiRequest returns a request to the API with an Authorization header.
func apiRequest(authorization string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/fabric/v4/ports", http.NoBody)
	r.Header.Set("Authorization", authorization)
	return r
}

// issue returns a new access token.
func issue(t *testing.T, endpoint *accesstokentest.Endpoint) string {
	t.Helper()
	status, object := ask(t, endpoint, tokenRequest(right))
	token, ok := object["access_token"].(string)
	if status != http.StatusOK || !ok {
		t.Fatalf("status %d, body %v", status, object)
	}
	return token
}

func TestEndpoint_IssuesTokenForClientCredentials(t *testing.T) {
	t.Parallel()
	endpoint := accesstokentest.NewEndpoint(account)

	status, object := ask(t, endpoint, tokenRequest(right))

	token, _ := object["access_token"].(string)
	if !strings.HasPrefix(token, "mock-") || len(token) < 20 {
		t.Errorf("access_token = %q, want mock- and something long", token)
	}
	want := map[string]any{
		"access_token":  token,
		"token_timeout": "3599",
		"token_type":    "Bearer",
		"user_name":     "user",
	}
	if status != http.StatusOK || !reflect.DeepEqual(object, want) {
		t.Errorf("got %d %v, want 200 %v", status, object, want)
	}
}

func TestEndpoint_IssuesUniqueTokens(t *testing.T) {
	t.Parallel()
	endpoint := accesstokentest.NewEndpoint(account)

	if first, second := issue(t, endpoint), issue(t, endpoint); first == second {
		t.Errorf("two requests got the token %q", first)
	}
}

func TestEndpoint_NamesUserOfAccountWithoutUser(t *testing.T) {
	t.Parallel()
	endpoint := accesstokentest.NewEndpoint(accesstokentest.Account{ClientID: "id", ClientSecret: "secret"})

	if _, object := ask(t, endpoint, tokenRequest(right)); object["user_name"] != "mock-user" {
		t.Errorf("user_name = %v, want mock-user", object["user_name"])
	}
}

func TestEndpoint_JudgesPasswordGrant(t *testing.T) {
	t.Parallel()
	// 5f4dcc3b5aa765d61d8327deb882cf99 is the MD5 of "password".
	const md5 = "X03MO1qnZdYdgyfeuILPmQ=="
	tests := map[string]struct {
		members string
		want    int
	}{
		"by default":            {`"user_name":"user","user_password":"password"`, http.StatusOK},
		"named":                 {`"grant_type":"password","user_name":"user","user_password":"password"`, http.StatusOK},
		"encoding none":         {`"user_name":"user","user_password":"password","password_encoding":"none"`, http.StatusOK},
		"encoding unknown":      {`"user_name":"user","user_password":"password","password_encoding":"rot13"`, http.StatusOK},
		"encoding md5-b64":      {`"user_name":"user","user_password":"` + md5 + `","password_encoding":"md5-b64"`, http.StatusOK},
		"md5-b64 without word":  {`"user_name":"user","user_password":"` + md5 + `"`, http.StatusUnauthorized},
		"raw with word md5-b64": {`"user_name":"user","user_password":"password","password_encoding":"md5-b64"`, http.StatusUnauthorized},
		"wrong password":        {`"user_name":"user","user_password":"wrong"`, http.StatusUnauthorized},
		"wrong user":            {`"user_name":"other","user_password":"password"`, http.StatusUnauthorized},
		"no user":               {`"grant_type":"password"`, http.StatusUnauthorized},
		"user that is a number": {`"user_name":1,"user_password":"password"`, http.StatusBadRequest},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			endpoint := accesstokentest.NewEndpoint(account)

			status, object := ask(t, endpoint, tokenRequest(`{"client_id":"id","client_secret":"secret",`+test.members+`}`))

			if status != test.want {
				t.Fatalf("status %d, want %d: %v", status, test.want, object)
			}
			if status != http.StatusOK {
				return
			}
			if token, _ := object["refresh_token"].(string); !strings.HasPrefix(token, "mock-refresh-") {
				t.Errorf("refresh_token = %q, want mock-refresh- and more", token)
			}
			if timeout := object["refresh_token_timeout"]; timeout != "5182560" {
				t.Errorf("refresh_token_timeout = %v, want 5182560", timeout)
			}
		})
	}
}

func TestEndpoint_RejectsPasswordGrantWithoutUser(t *testing.T) {
	t.Parallel()
	endpoint := accesstokentest.NewEndpoint(accesstokentest.Account{ClientID: "id", ClientSecret: "secret"})

	askStatus(t, endpoint, http.StatusUnauthorized,
		`{"client_id":"id","client_secret":"secret","user_name":"","user_password":""}`)
}

func TestEndpoint_AnswersRejectionInBothSpellings(t *testing.T) {
	t.Parallel()
	tests := map[accesstokentest.Spelling]map[string]any{
		accesstokentest.CamelCase: {
			"errorDomain":      "apps-mkt-auth",
			"errorTitle":       "Login Failure",
			"errorCode":        "S1006",
			"developerMessage": "The credentials are invalid.",
			"errorMessage":     "Login Failure",
		},
		accesstokentest.SnakeCase: {
			"error_domain":      "apps-mkt-auth",
			"error_title":       "Login Failure",
			"error_code":        "S1006",
			"developer_message": "The credentials are invalid.",
			"error_message":     "Login Failure",
		},
	}
	for spelling, want := range tests {
		endpoint := accesstokentest.NewEndpoint(account)
		endpoint.SetErrorSpelling(spelling)

		status, object := ask(t, endpoint, tokenRequest(wrong))

		if status != http.StatusUnauthorized || !reflect.DeepEqual(object, want) {
			t.Errorf("spelling %d: got %d %v, want 401 %v", spelling, status, object, want)
		}
	}
}

func TestEndpoint_RefusesMalformedRequestWithoutCounting(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		method, contentType, body string
		want                      int
	}{
		"method":             {http.MethodGet, "application/json", right, http.StatusMethodNotAllowed},
		"no content type":    {http.MethodPost, "", right, http.StatusUnsupportedMediaType},
		"form":               {http.MethodPost, "application/x-www-form-urlencoded", right, http.StatusUnsupportedMediaType},
		"no body":            {http.MethodPost, "application/json", ``, http.StatusBadRequest},
		"array":              {http.MethodPost, "application/json", `[]`, http.StatusBadRequest},
		"null":               {http.MethodPost, "application/json", `null`, http.StatusBadRequest},
		"two objects":        {http.MethodPost, "application/json", right + right, http.StatusBadRequest},
		"too long":           {http.MethodPost, "application/json", strings.Repeat(" ", 1<<20) + right, http.StatusBadRequest},
		"no client_id":       {http.MethodPost, "application/json", `{"client_secret":"secret"}`, http.StatusBadRequest},
		"no client_secret":   {http.MethodPost, "application/json", `{"client_id":"id"}`, http.StatusBadRequest},
		"client_id null":     {http.MethodPost, "application/json", `{"client_id":null,"client_secret":"secret"}`, http.StatusBadRequest},
		"number as secret":   {http.MethodPost, "application/json", `{"client_id":"id","client_secret":1}`, http.StatusBadRequest},
		"unknown grant type": {http.MethodPost, "application/json", `{"client_id":"id","client_secret":"secret","grant_type":"implicit"}`, http.StatusBadRequest},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			endpoint := accesstokentest.NewEndpoint(account)
			r := httptest.NewRequest(test.method, "/oauth2/v1/token", strings.NewReader(test.body))
			r.Header.Set("Content-Type", test.contentType)

			status, object := ask(t, endpoint, r)

			if status != test.want || object["errorCode"] == nil {
				t.Errorf("got %d %v, want %d and an error code", status, object, test.want)
			}
			if n := endpoint.Rejections("id"); n != 0 {
				t.Errorf("Rejections = %d, want 0", n)
			}
			if n := endpoint.Count(); n != 1 {
				t.Errorf("Count = %d, want 1", n)
			}
		})
	}
}

func TestEndpoint_NamesAllowedMethod(t *testing.T) {
	t.Parallel()
	for path, method := range map[string]string{"/oauth2/v1/token": http.MethodPost, "/api": http.MethodGet} {
		answer := serve(accesstokentest.NewEndpoint(), httptest.NewRequest(http.MethodDelete, path, http.NoBody))

		if got := answer.Header().Get("Allow"); answer.Code != http.StatusMethodNotAllowed || got != method {
			t.Errorf("DELETE %s: status %d, Allow %q, want 405 and %q", path, answer.Code, got, method)
		}
	}
}

func TestEndpoint_AcceptsCharsetAndPathPrefix(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest(http.MethodPost, "/some/prefix/oauth2/v1/token", strings.NewReader(right))
	r.Header.Set("Content-Type", "application/json; charset=utf-8")

	if status, object := ask(t, accesstokentest.NewEndpoint(account), r); status != http.StatusOK {
		t.Errorf("status %d, want 200: %v", status, object)
	}
}

func TestEndpoint_LocksAfterFiveSuccessiveRejections(t *testing.T) {
	t.Parallel()
	endpoint := accesstokentest.NewEndpoint(account)

	askStatus(t, endpoint, http.StatusUnauthorized, wrong, wrong, wrong, wrong)
	if n := endpoint.Rejections("id"); n != 4 || endpoint.Locked("id") {
		t.Fatalf("after four: Rejections = %d, Locked = %t", n, endpoint.Locked("id"))
	}
	askStatus(t, endpoint, http.StatusUnauthorized, wrong)
	if n := endpoint.Rejections("id"); n != 5 || !endpoint.Locked("id") {
		t.Fatalf("after five: Rejections = %d, Locked = %t", n, endpoint.Locked("id"))
	}
	askStatus(t, endpoint, http.StatusForbidden, right, wrong)
	if n := endpoint.Rejections("id"); n != 5 {
		t.Errorf("while locked: Rejections = %d, want 5", n)
	}

	endpoint.Unlock("id")
	if n := endpoint.Rejections("id"); n != 0 || endpoint.Locked("id") {
		t.Errorf("after Unlock: Rejections = %d, Locked = %t", n, endpoint.Locked("id"))
	}
	askStatus(t, endpoint, http.StatusOK, right)
}

func TestEndpoint_AcceptanceClearsRejections(t *testing.T) {
	t.Parallel()
	endpoint := accesstokentest.NewEndpoint(account)

	askStatus(t, endpoint, http.StatusUnauthorized, wrong, wrong, wrong, wrong)
	askStatus(t, endpoint, http.StatusOK, right)
	askStatus(t, endpoint, http.StatusUnauthorized, wrong, wrong, wrong, wrong)
	askStatus(t, endpoint, http.StatusOK, right)
}

func TestEndpoint_LocksUnknownClientOnItsOwn(t *testing.T) {
	t.Parallel()
	endpoint := accesstokentest.NewEndpoint(account)
	unknown := strings.Replace(right, `"id"`, `"unknown"`, 1)

	askStatus(t, endpoint, http.StatusUnauthorized, unknown, unknown, unknown, unknown, unknown)
	askStatus(t, endpoint, http.StatusForbidden, unknown)
	if !endpoint.Locked("unknown") || endpoint.Locked("id") {
		t.Errorf("Locked: unknown = %t, id = %t", endpoint.Locked("unknown"), endpoint.Locked("id"))
	}
	askStatus(t, endpoint, http.StatusOK, right)
}

func TestEndpoint_SetSecretRotatesAndRevokes(t *testing.T) {
	t.Parallel()
	endpoint := accesstokentest.NewEndpoint(account)
	token := issue(t, endpoint)

	endpoint.SetSecret("id", "wrong")
	askStatus(t, endpoint, http.StatusOK, wrong)
	askStatus(t, endpoint, http.StatusUnauthorized, right)

	endpoint.SetSecret("id", "")
	askStatus(t, endpoint, http.StatusUnauthorized, wrong, strings.Replace(right, `"secret"`, `""`, 1))
	if status, _ := ask(t, endpoint, apiRequest("Bearer "+token)); status != http.StatusOK {
		t.Errorf("token issued before: status %d, want 200", status)
	}

	endpoint.SetSecret("new", "secret")
	askStatus(t, endpoint, http.StatusOK, strings.Replace(right, `"id"`, `"new"`, 1))
}

func TestEndpoint_SetSecretKeepsLock(t *testing.T) {
	t.Parallel()
	endpoint := accesstokentest.NewEndpoint(account)
	askStatus(t, endpoint, http.StatusUnauthorized, wrong, wrong, wrong, wrong, wrong)

	endpoint.SetSecret("id", "wrong")

	askStatus(t, endpoint, http.StatusForbidden, wrong)
}

func TestEndpoint_SetTokenTimeoutSetsRawValue(t *testing.T) {
	t.Parallel()
	endpoint := accesstokentest.NewEndpoint(account)
	for _, test := range []struct{ raw, want any }{
		{"60", "60"},
		{60, 60.0},
		{"soon", "soon"},
		{json.RawMessage("null"), nil},
		{[]string{"60"}, []any{"60"}},
	} {
		endpoint.SetTokenTimeout(test.raw)
		_, object := ask(t, endpoint, tokenRequest(right))
		if got, ok := object["token_timeout"]; !ok || !reflect.DeepEqual(got, test.want) {
			t.Errorf("SetTokenTimeout(%#v): token_timeout = %#v, present %t", test.raw, got, ok)
		}
	}

	endpoint.SetTokenTimeout(nil)
	_, object := ask(t, endpoint, tokenRequest(right))
	if got, ok := object["token_timeout"]; ok {
		t.Errorf("SetTokenTimeout(nil): token_timeout = %#v, want none", got)
	}
}

func TestEndpoint_SetTokenTimeoutPanicsWithoutJSONForm(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	accesstokentest.NewEndpoint().SetTokenTimeout(func() {})
}

func TestEndpoint_TokenExpires(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		raw      any
		lifetime time.Duration
	}{
		"default":      {"3599", 3599 * time.Second},
		"string":       {"60", time.Minute},
		"number":       {60, time.Minute},
		"words":        {"soon", time.Hour},
		"left out":     {nil, time.Hour},
		"out of range": {"99999999999999999999", time.Hour},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				endpoint := accesstokentest.NewEndpoint(account)
				endpoint.SetTokenTimeout(test.raw)
				token := issue(t, endpoint)

				<-time.After(test.lifetime - 1)
				if status, _ := ask(t, endpoint, apiRequest("Bearer "+token)); status != http.StatusOK {
					t.Errorf("just before expiry: status %d, want 200", status)
				}
				<-time.After(1)
				if status, _ := ask(t, endpoint, apiRequest("Bearer "+token)); status != http.StatusUnauthorized {
					t.Errorf("at expiry: status %d, want 401", status)
				}
			})
		})
	}
}

func TestEndpoint_APIAuthenticatesBearerToken(t *testing.T) {
	t.Parallel()
	endpoint := accesstokentest.NewEndpoint(account)
	token := issue(t, endpoint)
	want := map[string]any{"authenticated": true, "client_id": "id", "path": "/fabric/v4/ports"}

	for _, authorization := range []string{"Bearer " + token, "bearer " + token} {
		if status, object := ask(t, endpoint, apiRequest(authorization)); status != http.StatusOK || !reflect.DeepEqual(object, want) {
			t.Errorf("right token: got %d %v, want 200 %v", status, object, want)
		}
	}
	for name, authorization := range map[string]string{
		"none":         "",
		"no token":     "Bearer",
		"wrong token":  "Bearer mock-wrong",
		"wrong scheme": "Basic " + token,
		"no scheme":    token,
	} {
		answer := serve(endpoint, apiRequest(authorization))
		if answer.Code != http.StatusUnauthorized || answer.Header().Get("WWW-Authenticate") != "Bearer" {
			t.Errorf("%s: status %d, header %v, want 401 and WWW-Authenticate", name, answer.Code, answer.Header())
		}
	}
}

func TestEndpoint_StatsCountRequests(t *testing.T) {
	t.Parallel()
	endpoint := accesstokentest.NewEndpoint(account)
	stats := func() string {
		t.Helper()
		answer := serve(endpoint, httptest.NewRequest(http.MethodGet, "/mock/stats", http.NoBody))
		var content struct {
			TokenRequests int      `json:"token_requests"`
			Accepted      int      `json:"accepted"`
			Rejected      int      `json:"rejected"`
			APIRequests   int      `json:"api_requests"`
			Locked        []string `json:"locked"`
		}
		decoder := json.NewDecoder(answer.Body)
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&content); err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("%+v, null %t", content, content.Locked == nil)
	}
	if got, want := stats(), "{TokenRequests:0 Accepted:0 Rejected:0 APIRequests:0 Locked:[]}, null false"; got != want {
		t.Errorf("at first: %s, want %s", got, want)
	}

	unknown := strings.Replace(right, `"id"`, `"a"`, 1)
	endpoint.Queue(accesstokentest.Fault{Status: http.StatusUnauthorized, Body: "{}"})
	askStatus(t, endpoint, http.StatusUnauthorized, right)
	askStatus(t, endpoint, http.StatusOK, right)
	askStatus(t, endpoint, http.StatusUnauthorized, wrong, wrong, wrong, wrong, wrong)
	askStatus(t, endpoint, http.StatusUnauthorized, unknown, unknown, unknown, unknown, unknown)
	askStatus(t, endpoint, http.StatusForbidden, right)
	ask(t, endpoint, apiRequest(""))

	if got, want := stats(), "{TokenRequests:13 Accepted:1 Rejected:11 APIRequests:1 Locked:[a id]}, null false"; got != want {
		t.Errorf("at last: %s, want %s", got, want)
	}
}

func TestEndpoint_RecordsRequests(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		endpoint := accesstokentest.NewEndpoint(account)
		const body = `{"client_id":"id","n":12345678901234567890}`
		r := httptest.NewRequest(http.MethodPut, "/prefix/oauth2/v1/token", strings.NewReader(body))
		r.Header.Set("User-Agent", "test")
		serve(endpoint, r)
		serve(endpoint, tokenRequest("words"))
		serve(endpoint, apiRequest(""))

		want := []accesstokentest.Request{{
			Method:  http.MethodPut,
			Path:    "/prefix/oauth2/v1/token",
			Header:  http.Header{"User-Agent": {"test"}},
			Body:    []byte(body),
			Payload: map[string]any{"client_id": "id", "n": json.Number("12345678901234567890")},
			Time:    time.Now(),
		}, {
			Method: http.MethodPost,
			Path:   "/oauth2/v1/token",
			Header: http.Header{"Content-Type": {"application/json"}},
			Body:   []byte("words"),
			Time:   time.Now(),
		}}
		got := endpoint.Requests()
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got  %v\nwant %v", got, want)
		}

		got[0].Header.Set("User-Agent", "changed")
		got[0].Body[0] = 'x'
		got[0].Payload["client_id"] = "changed"
		got[1].Method = "CHANGED"
		if got := endpoint.Requests(); !reflect.DeepEqual(got, want) {
			t.Errorf("after changing the copy: got  %v\nwant %v", got, want)
		}
	})
}

func TestEndpoint_LatencyDelaysAnswers(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		request *http.Request
		delayed bool
	}{
		"token": {tokenRequest(right), true},
		"API":   {apiRequest(""), true},
		"stats": {httptest.NewRequest(http.MethodGet, "/mock/stats", http.NoBody), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				endpoint := accesstokentest.NewEndpoint(account)
				endpoint.SetLatency(time.Minute)

				impatient, cancel := context.WithTimeout(t.Context(), time.Minute-1)
				defer cancel()
				if answered := serve(endpoint, test.request.Clone(impatient)) != nil; answered == test.delayed {
					t.Errorf("a client that leaves early: answered = %t", answered)
				}
				patient, cancel := context.WithTimeout(t.Context(), time.Minute+1)
				defer cancel()
				if serve(endpoint, test.request.Clone(patient)) == nil {
					t.Error("a client that waits: aborted")
				}
			})
		})
	}
}

func TestEndpoint_ClientThatLeavesSpendsItsAttempt(t *testing.T) {
	t.Parallel()
	endpoint := accesstokentest.NewEndpoint(account)
	endpoint.SetLatency(time.Hour)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()

	if serve(endpoint, tokenRequest(wrong).WithContext(ctx)) != nil {
		t.Error("the client that left got an answer")
	}
	if n := endpoint.Rejections("id"); n != 1 {
		t.Errorf("Rejections = %d, want 1", n)
	}
}

func TestEndpoint_HoldMakesTokenRequestsWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		endpoint := accesstokentest.NewEndpoint(account)
		release, releaseOther := endpoint.Hold(), endpoint.Hold()
		answers := make(chan *httptest.ResponseRecorder, 10)
		go func() { answers <- serve(endpoint, tokenRequest(right)) }()

		synctest.Wait()
		if n := endpoint.Count(); n != 1 || len(answers) != 0 {
			t.Fatalf("held: Count = %d, %d answers, want 1 and none", n, len(answers))
		}
		if status, _ := ask(t, endpoint, apiRequest("")); status != http.StatusUnauthorized {
			t.Errorf("API while held: status %d, want 401", status)
		}
		releaseOther()
		synctest.Wait()
		if len(answers) != 0 {
			t.Fatal("one of two holds released: answered")
		}
		release()
		release()
		if answer := <-answers; answer == nil || answer.Code != http.StatusOK {
			t.Errorf("released: %v, want 200", answer)
		}
		askStatus(t, endpoint, http.StatusOK, right)
	})
}

func TestEndpoint_HoldEndsWhenClientLeaves(t *testing.T) {
	t.Parallel()
	endpoint := accesstokentest.NewEndpoint(account)
	defer endpoint.Hold()()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()

	if serve(endpoint, tokenRequest(right).WithContext(ctx)) != nil {
		t.Error("the client that left got an answer")
	}
}

func TestEndpoint_ConcurrentUse(t *testing.T) {
	t.Parallel()
	endpoint := accesstokentest.NewEndpoint(account)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			serve(endpoint, tokenRequest(right))
			serve(endpoint, apiRequest(""))
			serve(endpoint, httptest.NewRequest(http.MethodGet, "/mock/stats", http.NoBody))
			endpoint.SetSecret("id", "secret")
			endpoint.SetLatency(0)
			endpoint.SetTokenTimeout(1)
			endpoint.SetErrorSpelling(accesstokentest.SnakeCase)
			endpoint.Queue()
			endpoint.Always(accesstokentest.Fault{})
			endpoint.Hold()()
			endpoint.Requests()
			endpoint.Locked("id")
			endpoint.Rejections("id")
			endpoint.Unlock("id")
		})
	}
	wg.Wait()
	if n := endpoint.Count(); n != 20 {
		t.Errorf("Count = %d, want 20", n)
	}
}
