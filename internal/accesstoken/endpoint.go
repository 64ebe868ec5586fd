package accesstoken

import (
	"errors"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// DefaultEndpoint is the base URL of Equinix's production API.
const DefaultEndpoint = "https://api.equinix.com"

const tokenPath = "/oauth2/v1/token"

// ErrEndpointUserInfo says that an endpoint carries a user name or a password,
// so that its text must not be shown.
var ErrEndpointUserInfo = errors.New("it must not contain a user name or password")

// Endpoint is the base URL of an API that serves oauth2/v1/token, in one
// spelling for all equivalent ones. ParseEndpoint makes it.
type Endpoint struct{ base string }

// ParseEndpoint reads a base URL: https, or http for a loopback host; a path
// prefix and trailing slashes are fine; user information, a query and a fragment
// are not. The error says what is wrong and does not repeat the text.
func ParseEndpoint(text string) (Endpoint, error) {
	if text == "" {
		return Endpoint{}, errors.New("it is an empty string")
	}
	address, err := url.Parse(text)
	if err != nil {
		if strings.Contains(text, "@") {
			return Endpoint{}, ErrEndpointUserInfo
		}
		return Endpoint{}, errors.New("it is not a URL")
	}
	host := strings.TrimSuffix(strings.ToLower(address.Hostname()), ".")
	switch {
	case address.User != nil:
		return Endpoint{}, ErrEndpointUserInfo
	case address.Scheme != "https" && address.Scheme != "http":
		return Endpoint{}, errors.New("it must start with https://")
	case address.Opaque != "" || host == "":
		return Endpoint{}, errors.New("it has no host name")
	case address.RawQuery != "" || address.ForceQuery:
		return Endpoint{}, errors.New("it must not contain a query (?)")
	case address.Fragment != "" || strings.Contains(text, "#"):
		return Endpoint{}, errors.New("it must not contain a fragment (#)")
	case address.Scheme == "http" && !isLoopback(host):
		return Endpoint{}, errors.New("it must be https: plain http would send the client secret in clear (http is allowed for loopback hosts only)")
	}
	port := address.Port()
	if port != "" {
		if number, err := strconv.ParseUint(port, 10, 16); err != nil || number == 0 {
			return Endpoint{}, errors.New("its port is not a number from 1 to 65535")
		}
	}
	if address.Scheme == "https" && port == "443" || address.Scheme == "http" && port == "80" {
		port = ""
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port != "" {
		host += ":" + port
	}
	return Endpoint{base: address.Scheme + "://" + host + strings.TrimRight(address.EscapedPath(), "/")}, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// String returns the base URL without a trailing slash.
func (e Endpoint) String() string { return e.base }

func (e Endpoint) tokenURL() string { return e.base + tokenPath }
