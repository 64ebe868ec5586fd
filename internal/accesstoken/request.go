package accesstoken

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
)

// Request is one token request: where it goes and what it says. NewRequest
// makes it; it does not change afterwards.
type Request struct {
	endpoint Endpoint
	body     []byte
	key      string // tells requests for the same token from others

	clientID         string
	clientSecret     string
	grantType        string
	userName         string // password grant only
	userPassword     string // password grant only
	passwordEncoding string // password grant only
	secrets          []string

	// repeatUnknown asks the LockoutGuard whether an attempt that was not
	// answered may be made again; nil where there is no guard.
	repeatUnknown func() bool
}

// NewRequest returns the request that a payload without problems makes at an
// endpoint. clientID and clientSecret are used when the payload has neither.
// grant_type is always sent, because the server's default is the retired
// password grant.
func NewRequest(endpoint Endpoint, payload *Payload, clientID, clientSecret string) (Request, error) {
	values := map[string]string{}
	for name, field := range payload.fields {
		values[name] = field.Value
	}
	if !payload.HasCredentials() {
		values[ClientID], values[ClientSecret] = clientID, clientSecret
	}
	values[GrantType], _ = payload.grant()

	members := maps.Clone(payload.extra)
	for name, value := range values {
		raw, err := marshalText(value)
		if err != nil {
			return Request{}, err
		}
		members[name] = raw
	}
	body, err := marshalObject(members)
	if err != nil {
		return Request{}, err
	}
	request := Request{
		endpoint:     endpoint,
		body:         body,
		key:          endpoint.String() + "\n" + string(body),
		clientID:     values[ClientID],
		clientSecret: values[ClientSecret],
		grantType:    values[GrantType],
		secrets:      slices.DeleteFunc([]string{values[ClientSecret], values[UserPassword]}, func(s string) bool { return s == "" }),
	}
	if request.grantType == GrantPassword {
		request.userName = values[UserName]
		request.userPassword = values[UserPassword]
		if values[PasswordEncoding] == EncodingMD5B64 {
			request.passwordEncoding = EncodingMD5B64 // the API takes any other for none
		}
	}
	for _, raw := range payload.extra {
		request.secrets = appendLeaves(request.secrets, raw)
	}
	return request, nil
}

// ClientID returns the client_id that is sent.
func (r Request) ClientID() string { return r.clientID }

// GrantType returns the grant_type that is sent.
func (r Request) GrantType() string { return r.grantType }

// Format keeps the payload out of every text that a request is formatted into.
func (r Request) Format(state fmt.State, _ rune) {
	_, _ = io.WriteString(state, "accesstoken.Request(client_id "+r.clientID+" at "+r.endpoint.String()+")")
}

func (r Request) mayRepeatUnknown() bool { return r.repeatUnknown == nil || r.repeatUnknown() }

// marshalObject writes the members in the order of their names, each as it was
// written but for white space: numbers keep their digits.
func marshalObject(members map[string]json.RawMessage) ([]byte, error) {
	var body bytes.Buffer
	body.WriteByte('{')
	for i, name := range slices.Sorted(maps.Keys(members)) {
		if i > 0 {
			body.WriteByte(',')
		}
		key, err := marshalText(name)
		if err != nil {
			return nil, err
		}
		body.Write(key)
		body.WriteByte(':')
		if err := json.Compact(&body, members[name]); err != nil {
			return nil, err
		}
	}
	body.WriteByte('}')
	return body.Bytes(), nil
}

// marshalText writes a JSON string without the escapes that HTML would need.
func marshalText(text string) ([]byte, error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(text)
	return bytes.TrimSuffix(buffer.Bytes(), []byte("\n")), err
}

// minSecretNumber is how many digits make a number a secret: shorter ones stand
// in every text.
const minSecretNumber = 4

// appendLeaves appends the strings and long numbers of a JSON value: what a
// configuration hands over in a sensitive argument is secret as a whole.
func appendLeaves(secrets []string, raw json.RawMessage) []string {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var value any
	if decoder.Decode(&value) != nil {
		return secrets
	}
	return appendLeavesOf(secrets, value)
}

func appendLeavesOf(secrets []string, value any) []string {
	switch value := value.(type) {
	case string:
		if _, err := strconv.ParseBool(value); err != nil && value != "" {
			secrets = append(secrets, value)
		}
	case json.Number:
		if len(value) >= minSecretNumber {
			secrets = append(secrets, value.String())
		}
	case []any:
		for _, element := range value {
			secrets = appendLeavesOf(secrets, element)
		}
	case map[string]any:
		for _, element := range value {
			secrets = appendLeavesOf(secrets, element)
		}
	}
	return secrets
}
