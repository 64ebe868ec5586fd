package accesstoken

import (
	"context"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-log/tfsdklog"
)

// instantSource answers at once.
type instantSource struct{ token Token }

func (s instantSource) Token(context.Context, Request) (Token, error) { return s.token, nil }

// benchmarkBody is a response as long as Equinix's.
const benchmarkBody = `{"access_token":"qwErtYuIoPaSdFgHjKlZxCvBnM01","token_timeout":"3599","user_name":"nobody@example.com","token_type":"Bearer"}`

func benchmarkToken(b *testing.B) Token {
	b.Helper()
	token, err := parseToken([]byte(benchmarkBody))
	if err != nil {
		b.Fatal(err)
	}
	token.Requested = time.Now()
	token.Expiry = token.Requested.Add(time.Hour)
	return token
}

func benchmarkRequest(b *testing.B, clientID string) Request {
	b.Helper()
	endpoint, err := ParseEndpoint(DefaultEndpoint)
	if err != nil {
		b.Fatal(err)
	}
	request, err := NewRequest(endpoint, Merge(nil), clientID, "a-client-secret-of-32-characters")
	if err != nil {
		b.Fatal(err)
	}
	return request
}

// The first four are what each further consumer of a plan costs: its arguments
// are merged and fingerprinted, and its token comes out of the cache.

func BenchmarkMerge(b *testing.B) {
	for name, arguments := range map[string]Arguments{
		"none": {},
		"all": {
			ClientID: {Value: "id", Set: true}, ClientSecret: {Value: "secret", Set: true}, GrantType: {Value: GrantClientCredentials, Set: true},
			RequestJSON: {Value: `{"scope":"one","limit":12}`, Set: true}, AdditionalProperties: {Value: `{"audience":["two","three"]}`, Set: true},
		},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Merge(arguments)
			}
		})
	}
}

func BenchmarkNewRequest(b *testing.B) {
	endpoint, err := ParseEndpoint(DefaultEndpoint)
	if err != nil {
		b.Fatal(err)
	}
	payload := Merge(nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := NewRequest(endpoint, payload, "id", "secret"); err != nil {
			b.Fatal(err)
		}
	}
}

// The logger that is off is what a plan has where nobody asks for logs: of its
// time, the logger takes the most.
func BenchmarkCache_Hit(b *testing.B) {
	b.Setenv("BENCHMARK_LOG", "off")
	for name, ctx := range map[string]context.Context{
		"no logger":  b.Context(),
		"logger off": tfsdklog.NewRootProviderLogger(b.Context(), tfsdklog.WithLevelFromEnv("BENCHMARK_LOG")),
	} {
		b.Run(name, func(b *testing.B) {
			cache, request := NewCache(instantSource{benchmarkToken(b)}, nil), benchmarkRequest(b, "id")
			b.ReportAllocs()
			for b.Loop() {
				if _, err := cache.Token(ctx, request); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkCache_Callers has 1,000 callers at once.
func BenchmarkCache_Callers(b *testing.B) {
	cache, request, ctx := NewCache(instantSource{benchmarkToken(b)}, nil), benchmarkRequest(b, "id"), b.Context()
	b.SetParallelism(1000 / runtime.GOMAXPROCS(0))
	b.ReportAllocs()
	b.RunParallel(func(callers *testing.PB) {
		for callers.Next() {
			if _, err := cache.Token(ctx, request); err != nil {
				b.Error(err)
			}
		}
	})
}

func BenchmarkParseToken(b *testing.B) {
	body := []byte(benchmarkBody)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := parseToken(body); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseAPIError(b *testing.B) {
	body := []byte(`{"errorDomain":"apps-mkt-auth","errorTitle":"Login Failure","errorCode":"S1006","developerMessage":"Invalid credentials for nobody","errorMessage":"Login Failure"}`)
	scrub := newRedactor([]string{"a-client-secret-of-32-characters"})
	b.ReportAllocs()
	for b.Loop() {
		parseAPIError(body, scrub)
	}
}

// BenchmarkRedactor scrubs what a response may hold. The hostile texts are as
// large as a response may be: almost the secret again and again, and escapes of
// escapes.
func BenchmarkRedactor(b *testing.B) {
	const secret = "a-client-secret-of-32-characters"
	fill := func(text string) string { return strings.Repeat(text, maxBody/len(text)) }
	for name, text := range map[string]string{
		"message":             "Invalid credentials for nobody@example.com",
		"message with secret": "Invalid credentials: " + secret,
		"1 MiB":               fill("Nothing to hide. "),
		"1 MiB, near misses":  fill(secret[:len(secret)-1]),
		"1 MiB, secrets":      fill(secret),
		"1 MiB, escapes":      fill(`\u005c\u0075%5C%75+`),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				newRedactor([]string{secret}).redact(text)
			}
		})
	}
}

// BenchmarkLockoutGuard measures what the guard adds to a request.
func BenchmarkLockoutGuard(b *testing.B) {
	next := instantSource{benchmarkToken(b)}
	measure := func(b *testing.B, guard *LockoutGuard, request func() Request) {
		b.Helper()
		b.ReportAllocs()
		for b.Loop() {
			if _, err := guard.Token(b.Context(), request()); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Run("warm record", func(b *testing.B) {
		request := benchmarkRequest(b, "id")
		measure(b, NewLockoutGuard(next, b.TempDir()), func() Request { return request })
	})
	b.Run("no record", func(b *testing.B) {
		accounts := 0
		measure(b, NewLockoutGuard(next, b.TempDir()), func() Request {
			accounts++
			return benchmarkRequest(b, strconv.Itoa(accounts))
		})
	})
	b.Run("no folder", func(b *testing.B) {
		request := benchmarkRequest(b, "id")
		measure(b, NewLockoutGuard(next, ""), func() Request { return request })
	})
}
