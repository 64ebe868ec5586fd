// Package accesstokentest provides a mock of Equinix's OAuth2 token endpoint,
// in the idiom of net/http/httptest.
//
// An [Endpoint] is an http.Handler that issues tokens to the accounts it is
// given, and locks an account after five successive rejections, as Equinix
// does. It records what it receives, and can be told to fail: see [Fault]. A
// [Server] is an Endpoint that listens on a loopback address.
//
// The endpoint answers three kinds of path:
//
//   - what ends in /oauth2/v1/token issues tokens, whatever the prefix;
//   - /mock/stats answers counts of what was received, without authentication;
//   - every other path is an API: GET answers 200 to an issued, unexpired
//     bearer token, and 401 otherwise.
//
// The answer to a token request is decided when the request arrives. What
// [Endpoint.Hold], [Endpoint.SetLatency] and [Fault.Delay] put off is its
// delivery alone, so a client that leaves has spent its attempt.
//
// Of the error codes, S1006 (login failure) is Equinix's. The others are the
// mock's own.
//
// The package shares no type with any client: a fake that shares the wire types
// of the client cannot catch a mistake in them. It writes no log.
package accesstokentest
