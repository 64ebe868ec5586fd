package accesstokentest

import (
	"bytes"
	"context"
	"crypto/md5" //nolint:gosec // the API takes MD5 and nothing better
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	tokenPath = "/oauth2/v1/token"
	statsPath = "/mock/stats"

	// lockAfter is the number of successive rejections that lock an account.
	lockAfter = 5

	// maxRequestBody is the number of bytes of a request that are read. A
	// longer body is cut, so it is no JSON object.
	maxRequestBody = 1 << 20

	// defaultLifetime, in seconds, is how long a token is valid whose
	// token_timeout says nothing that can be read: the documented hour.
	defaultLifetime = 3600

	jsonType = "application/json"
)

// Account is what the endpoint accepts: the client's credentials for the
// client_credentials grant, and with them the user's for the password grant.
//
// The token's user_name in the response is UserName, or "mock-user" if that is
// empty. No password grant succeeds for an account without a UserName, and no
// request at all for one without a ClientSecret.
type Account struct {
	ClientID     string
	ClientSecret string
	UserName     string
	UserPassword string
}

// Spelling is how the members of an error are spelled.
type Spelling int

const (
	// CamelCase (errorCode) is what the servers of Equinix send.
	CamelCase Spelling = iota
	// SnakeCase (error_code) is what the specification says.
	SnakeCase
)

// Request is a token request as it was received, whatever its method.
type Request struct {
	Method string
	Path   string
	Header http.Header
	// Body is at most the first MiB.
	Body []byte
	// Payload is the JSON object in Body, its numbers as json.Number, or nil if
	// Body is something else.
	Payload map[string]any
	// Time is when Body was read.
	Time time.Time
}

// Endpoint is a mock of Equinix's token endpoint and of an API behind it. It
// is an http.Handler. Its methods may be called concurrently, and while it
// serves.
type Endpoint struct {
	mu           sync.Mutex
	accounts     map[string]Account // by client_id
	rejections   map[string]int     // successive, by client_id
	tokens       map[string]token   // by access_token
	tokenTimeout json.RawMessage    // nil is left out
	lifetime     int64              // seconds
	spelling     Spelling
	latency      time.Duration
	queue        []Fault
	always       Fault
	holds        []chan struct{} // each closed by its release
	requests     []Request       // without Payload
	accepted     int
	rejected     int
	apiRequests  int
}

// token is what the endpoint remembers of a token.
type token struct {
	clientID string
	issued   time.Time
	lifetime int64 // seconds
}

// response is an answer, decided and not yet delivered.
type response struct {
	status int
	header http.Header
	body   []byte
}

// NewEndpoint returns an Endpoint that accepts accounts. Of two accounts with
// the same ClientID the later counts.
func NewEndpoint(accounts ...Account) *Endpoint {
	e := &Endpoint{
		accounts:   make(map[string]Account),
		rejections: make(map[string]int),
		tokens:     make(map[string]token),
	}
	for _, account := range accounts {
		e.accounts[account.ClientID] = account
	}
	e.SetTokenTimeout("3599")
	return e
}

// ServeHTTP answers a request. It panics with http.ErrAbortHandler, which
// net/http takes for an order to drop the connection, if the client leaves
// while the answer waits.
func (e *Endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case strings.HasSuffix(r.URL.Path, tokenPath):
		e.serveToken(w, r)
	case r.URL.Path == statsPath:
		Fault{}.deliver(r.Context(), w, e.stats())
	default:
		e.serveAPI(w, r)
	}
}

// SetSecret changes the secret of clientID, and adds the account if there is
// none. An empty secret revokes: nothing is accepted until the next change.
// Tokens stay valid, and a locked account stays locked.
func (e *Endpoint) SetSecret(clientID, secret string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	account := e.accounts[clientID]
	account.ClientID = clientID
	account.ClientSecret = secret
	e.accounts[clientID] = account
}

// SetLatency delays every answer but the statistics. A client that leaves ends
// the wait.
func (e *Endpoint) SetLatency(latency time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.latency = latency
}

// SetTokenTimeout sets the JSON value of token_timeout from the next token on;
// nil leaves it out, and the default is "3599". The token is valid for that
// many seconds if raw is a whole number, as a number or a string, and for an
// hour otherwise. It panics if raw has no JSON form.
func (e *Endpoint) SetTokenTimeout(raw any) {
	var value json.RawMessage
	if raw != nil {
		var err error
		if value, err = json.Marshal(raw); err != nil {
			panic(fmt.Sprintf("accesstokentest: token timeout: %v", err))
		}
	}
	lifetime, err := strconv.ParseInt(strings.Trim(string(value), `"`), 10, 64)
	if err != nil {
		lifetime = defaultLifetime
	}

	e.mu.Lock()
	defer e.mu.Unlock()
	e.tokenTimeout, e.lifetime = value, lifetime
}

// SetErrorSpelling sets how the members of an error are spelled.
func (e *Endpoint) SetErrorSpelling(spelling Spelling) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.spelling = spelling
}

// Queue appends faults, each of which answers one of the next token requests,
// in order of arrival, in place of the normal answer. Unless a fault is
// [Fault.Judged], it neither counts as a rejection nor clears the count.
func (e *Endpoint) Queue(faults ...Fault) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.queue = append(e.queue, faults...)
}

// Always makes fault answer every token request that finds the queue empty,
// until Always(Fault{}).
func (e *Endpoint) Always(fault Fault) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.always = fault
}

// Hold makes the answers to the token requests that arrive from now on wait,
// until release is called or the client leaves. release may be called more
// than once, so that it can also be deferred: after the Close of a Server is
// deferred, because Close waits for every request.
func (e *Endpoint) Hold() (release func()) {
	hold := make(chan struct{})
	e.mu.Lock()
	defer e.mu.Unlock()
	e.holds = append(e.holds, hold)
	return sync.OnceFunc(func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.holds = slices.DeleteFunc(e.holds, func(c chan struct{}) bool { return c == hold })
		close(hold)
	})
}

// Requests returns a copy of the token requests received, in order of arrival.
func (e *Endpoint) Requests() []Request {
	e.mu.Lock()
	defer e.mu.Unlock()
	requests := slices.Clone(e.requests)
	for i := range requests {
		request := &requests[i]
		request.Header = request.Header.Clone()
		request.Body = bytes.Clone(request.Body)
		request.Payload = jsonObject(request.Body)
	}
	return requests
}

// Count returns the number of token requests received.
func (e *Endpoint) Count() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.requests)
}

// Rejections returns the number of successive rejections of clientID, as the
// lock counts them. The count ends at five, when the account is locked.
func (e *Endpoint) Rejections(clientID string) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.rejections[clientID]
}

// Locked reports whether the account of clientID is locked.
func (e *Endpoint) Locked(clientID string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.locked(clientID)
}

// Unlock unlocks the account of clientID and clears its rejections.
func (e *Endpoint) Unlock(clientID string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.rejections, clientID)
}

// locked is Locked for callers that hold e.mu.
func (e *Endpoint) locked(clientID string) bool {
	return e.rejections[clientID] >= lockAfter
}

// serveToken records a token request, decides its answer and delivers it when
// it is due.
func (e *Endpoint) serveToken(w http.ResponseWriter, r *http.Request) {
	// A body that cannot be read is judged by what came of it.
	body, _ := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequestBody))

	e.mu.Lock()
	e.requests = append(e.requests, Request{
		Method: r.Method,
		Path:   r.URL.Path,
		Header: r.Header.Clone(),
		Body:   body,
		Time:   time.Now(),
	})
	answer, fault := e.answer(r, body)
	holds := slices.Clone(e.holds)
	latency := e.latency
	e.mu.Unlock()

	for _, hold := range holds {
		select {
		case <-hold:
		case <-r.Context().Done():
			panic(http.ErrAbortHandler)
		}
	}
	mustWait(r.Context(), latency)
	mustWait(r.Context(), fault.Delay)
	fault.deliver(r.Context(), w, answer)
}

// answer decides what answers a token request, and the fault to deliver it
// with, which is zero if there is none. The caller holds e.mu.
func (e *Endpoint) answer(r *http.Request, body []byte) (response, Fault) {
	fault := e.always
	if len(e.queue) > 0 {
		fault, e.queue = e.queue[0], e.queue[1:]
	} else if reflect.ValueOf(fault).IsZero() {
		return e.judge(r, body), fault
	}
	var normal response
	if fault.Judged {
		normal = e.judge(r, body)
	}
	return fault.response(normal, body), fault
}

// judge decides the normal answer to a token request, and counts it. The
// caller holds e.mu.
func (e *Endpoint) judge(r *http.Request, body []byte) response {
	if r.Method != http.MethodPost {
		answer := e.failure(http.StatusMethodNotAllowed, "S1003", "Method Not Allowed", "The method must be POST.")
		answer.header.Set("Allow", http.MethodPost)
		return answer
	}
	if mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || mediaType != jsonType {
		return e.failure(http.StatusUnsupportedMediaType, "S1004", "Unsupported Media Type", "The Content-Type must be application/json.")
	}
	payload := jsonObject(body)
	if payload == nil {
		return e.failure(http.StatusBadRequest, "S1001", "Bad Request", "The body must be a JSON object.")
	}
	for _, name := range []string{"client_id", "client_secret"} {
		if _, ok := payload[name]; !ok {
			return e.failure(http.StatusBadRequest, "S1001", "Bad Request", name+" is missing.")
		}
	}
	fields := map[string]string{"grant_type": "password"}
	for _, name := range []string{"client_id", "client_secret", "grant_type", "user_name", "user_password", "password_encoding"} {
		value, ok := payload[name]
		if !ok {
			continue
		}
		if fields[name], ok = value.(string); !ok {
			return e.failure(http.StatusBadRequest, "S1001", "Bad Request", name+" must be a string.")
		}
	}
	if grant := fields["grant_type"]; grant != "client_credentials" && grant != "password" {
		return e.failure(http.StatusBadRequest, "S1002", "Unsupported Grant Type", "grant_type must be client_credentials or password.")
	}

	clientID := fields["client_id"]
	if e.locked(clientID) {
		e.rejected++
		return e.failure(http.StatusForbidden, "S1019", "Account Locked", "The account is locked after 5 successive invalid attempts.")
	}
	account := e.accounts[clientID]
	if !account.accepts(fields) {
		e.rejected++
		e.rejections[clientID]++
		return e.failure(http.StatusUnauthorized, "S1006", "Login Failure", "The credentials are invalid.")
	}
	e.accepted++
	delete(e.rejections, clientID)
	return e.issue(account, fields["grant_type"])
}

// accepts reports whether fields hold the credentials of the account.
func (a Account) accepts(fields map[string]string) bool {
	if a.ClientSecret == "" || fields["client_secret"] != a.ClientSecret {
		return false
	}
	if fields["grant_type"] == "client_credentials" {
		return true
	}
	want := a.UserPassword
	if fields["password_encoding"] == "md5-b64" {
		sum := md5.Sum([]byte(a.UserPassword)) //nolint:gosec // see the import
		want = base64.StdEncoding.EncodeToString(sum[:])
	}
	return a.UserName != "" && fields["user_name"] == a.UserName && fields["user_password"] == want
}

// issue returns a new token. The caller holds e.mu.
func (e *Endpoint) issue(account Account, grantType string) response {
	accessToken := "mock-" + rand.Text()
	e.tokens[accessToken] = token{clientID: account.ClientID, issued: time.Now(), lifetime: e.lifetime}

	userName := account.UserName
	if userName == "" {
		userName = "mock-user"
	}
	content := map[string]any{
		"access_token": accessToken,
		"token_type":   "Bearer",
		"user_name":    userName,
	}
	if e.tokenTimeout != nil {
		content["token_timeout"] = e.tokenTimeout
	}
	if grantType == "password" {
		content["refresh_token"] = "mock-refresh-" + rand.Text()
		content["refresh_token_timeout"] = "5182560"
	}
	return jsonResponse(http.StatusOK, content)
}

// serveAPI answers what an API behind the tokens would.
func (e *Endpoint) serveAPI(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	e.apiRequests++
	answer := e.apiAnswer(r)
	latency := e.latency
	e.mu.Unlock()

	mustWait(r.Context(), latency)
	Fault{}.deliver(r.Context(), w, answer)
}

// apiAnswer decides the answer to an API request. The caller holds e.mu.
func (e *Endpoint) apiAnswer(r *http.Request) response {
	if r.Method != http.MethodGet {
		answer := e.failure(http.StatusMethodNotAllowed, "S1003", "Method Not Allowed", "The method must be GET.")
		answer.header.Set("Allow", http.MethodGet)
		return answer
	}
	scheme, credentials, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	issued, ok := e.tokens[credentials]
	if !ok || !strings.EqualFold(scheme, "Bearer") || time.Since(issued.issued).Seconds() >= float64(issued.lifetime) {
		answer := e.failure(http.StatusUnauthorized, "S1007", "Unauthorized", "The bearer token is missing, unknown or expired.")
		answer.header.Set("WWW-Authenticate", "Bearer")
		return answer
	}
	return jsonResponse(http.StatusOK, map[string]any{
		"authenticated": true,
		"client_id":     issued.clientID,
		"path":          r.URL.Path,
	})
}

// stats returns the counts of what was received.
func (e *Endpoint) stats() response {
	e.mu.Lock()
	defer e.mu.Unlock()
	locked := []string{}
	for _, clientID := range slices.Sorted(maps.Keys(e.rejections)) {
		if e.locked(clientID) {
			locked = append(locked, clientID)
		}
	}
	return jsonResponse(http.StatusOK, map[string]any{
		"token_requests": len(e.requests),
		"accepted":       e.accepted,
		"rejected":       e.rejected,
		"api_requests":   e.apiRequests,
		"locked":         locked,
	})
}

// failure returns an error of the API in the spelling that is set. The caller
// holds e.mu.
func (e *Endpoint) failure(status int, code, title, message string) response {
	domain, titleName, codeName, developer, user := "errorDomain", "errorTitle", "errorCode", "developerMessage", "errorMessage"
	if e.spelling == SnakeCase {
		domain, titleName, codeName, developer, user = "error_domain", "error_title", "error_code", "developer_message", "error_message"
	}
	return jsonResponse(status, map[string]any{
		domain:    "apps-mkt-auth",
		titleName: title,
		codeName:  code,
		developer: message,
		user:      title,
	})
}

// jsonResponse returns a response of content, which must have a JSON form.
func jsonResponse(status int, content map[string]any) response {
	body, err := json.Marshal(content)
	if err != nil {
		panic(fmt.Sprintf("accesstokentest: response: %v", err))
	}
	return response{status: status, header: http.Header{"Content-Type": {jsonType}}, body: body}
}

// jsonObject returns the JSON object that body is, or nil.
func jsonObject(body []byte) map[string]any {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var object map[string]any
	if err := decoder.Decode(&object); err != nil {
		return nil
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil
	}
	return object
}

// mustWait waits for d, and aborts the request if ctx ends first.
func mustWait(ctx context.Context, d time.Duration) {
	if err := wait(ctx, d); err != nil {
		panic(http.ErrAbortHandler)
	}
}

// wait waits for d, or until ctx ends, whose error it returns.
func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
