package accesstoken

import (
	"errors"
	"strings"
	"testing"
)

func TestParseEndpoint_NormalisesEquivalentSpellings(t *testing.T) {
	for text, want := range map[string]string{
		DefaultEndpoint:                             "https://api.equinix.com",
		"https://api.equinix.com/":                  "https://api.equinix.com",
		"https://api.equinix.com///":                "https://api.equinix.com",
		"HTTPS://API.Equinix.COM":                   "https://api.equinix.com",
		"https://api.equinix.com.":                  "https://api.equinix.com",
		"https://api.equinix.com:443":               "https://api.equinix.com",
		"https://api.equinix.com:8443":              "https://api.equinix.com:8443",
		"https://api.equinix.com:80":                "https://api.equinix.com:80",
		"https://gateway.example/Equinix/v1/":       "https://gateway.example/Equinix/v1",
		"https://gateway.example/a%2Fb/%20":         "https://gateway.example/a%2Fb/%20",
		"https://[2001:DB8::1]:8443/x":              "https://[2001:db8::1]:8443/x",
		"http://localhost:8080":                     "http://localhost:8080",
		"http://localhost:80":                       "http://localhost",
		"http://LOCALHOST.:443":                     "http://localhost:443",
		"http://127.0.0.1":                          "http://127.0.0.1",
		"http://127.8.9.10:1":                       "http://127.8.9.10:1",
		"http://[::1]:65535/prefix":                 "http://[::1]:65535/prefix",
		"https://api.equinix.com:":                  "https://api.equinix.com",
		"https://sandboxapi.equinix.com/with/path/": "https://sandboxapi.equinix.com/with/path",
	} {
		t.Run(text, func(t *testing.T) {
			endpoint, err := ParseEndpoint(text)
			if err != nil {
				t.Fatal(err)
			}
			if got := endpoint.String(); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
			if got := endpoint.tokenURL(); got != want+"/oauth2/v1/token" {
				t.Errorf("the token's URL is %s", got)
			}
		})
	}
}

func TestParseEndpoint_RefusesWithoutRepeatingTheText(t *testing.T) {
	const secret = "s3cr3t"
	for text, want := range map[string]string{
		"":                           "empty string",
		"https://" + secret + "\x7f": "not a URL",
		"https://" + secret + ".example:notaport":    "not a URL",
		"https://user:" + secret + "@api.example":    "user name or password",
		"https://" + secret + "@api.example":         "user name or password",
		"https://@api.example":                       "user name or password",
		"https://user:" + secret + "%zz@api.example": "user name or password",
		"ftp://user:" + secret + "@api.example":      "user name or password",
		"api.example/" + secret:                      "start with https://",
		"ftp://" + secret + ".example":               "start with https://",
		"//" + secret + ".example":                   "start with https://",
		"https:" + secret:                            "no host name",
		"https:///" + secret:                         "no host name",
		"https://:443/" + secret:                     "no host name",
		"https://.":                                  "no host name",
		"https://api.example?" + secret:              "query",
		"https://api.example/?":                      "query",
		"https://api.example/#" + secret:             "fragment",
		"https://api.example/#":                      "fragment",
		"http://" + secret + ".example":              "must be https",
		"http://128.0.0.1":                           "must be https",
		"http://localhost.example":                   "must be https",
		"https://" + secret + ".example:0":           "from 1 to 65535",
		"https://" + secret + ".example:65536":       "from 1 to 65535",
	} {
		t.Run(text, func(t *testing.T) {
			endpoint, err := ParseEndpoint(text)
			if err == nil {
				t.Fatalf("it is accepted as %s", endpoint)
			}
			if !strings.Contains(err.Error(), want) {
				t.Errorf("the error is %q, want one with %q", err, want)
			}
			if strings.Contains(err.Error(), secret) {
				t.Errorf("the error repeats the text: %q", err)
			}
			if got := errors.Is(err, ErrEndpointUserInfo); got != strings.Contains(text, "@") {
				t.Errorf("is ErrEndpointUserInfo: %t", got)
			}
		})
	}
}
