// Package accesstoken obtains Equinix OAuth2 access tokens and keeps the
// account behind them from being locked. It knows nothing of Terraform's plugin
// protocol.
//
// A token passes through four sources, each a [Source] that wraps the next:
//
//	Cache         one request for all callers that ask for the same token
//	LockoutGuard  never sends what the endpoint has rejected
//	Retrier       tries again what the endpoint has not judged
//	Client        one HTTP exchange with POST {endpoint}/oauth2/v1/token
//
// The way down starts with [Arguments], what a configuration says. Merge adds them
// up to a [Payload], whose Problems are found without a request; NewRequest makes
// of it the [Request] that all four sources take. The way up ends with a [Token] or an [*Error]. The
// Client decides once what became of an attempt, its [Outcome], and the others
// act on that alone.
//
// Equinix locks an account after five successive invalid attempts
// (https://developer.equinix.com/catalog/accesstokenv1). No combination of
// callers, processes and retries may send that many: that is what the
// LockoutGuard promises, and why nothing but the Retrier repeats a request.
package accesstoken
