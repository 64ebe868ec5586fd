package main

import (
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/equinix-community/terraform-provider-equinix-oauth2/internal/accesstoken/accesstokentest"
)

func TestParseFault_ReadsEveryKey(t *testing.T) {
	t.Parallel()
	want := accesstokentest.Fault{
		Status:    503,
		Header:    http.Header{"Retry-After": {"1"}, "X-Y": {"a=b"}},
		Body:      "some {{payload}}",
		Delay:     100 * time.Millisecond,
		Break:     accesstokentest.Truncate,
		Trickle:   time.Second,
		Unbounded: true,
		Gzip:      true,
		Judged:    true,
	}
	for _, text := range []string{
		"status=503,header.Retry-After=1,header.x-y=a=b,body=some {{payload}},delay=100ms,break=truncate,trickle=1s,unbounded,gzip,judged=true",
		`{"status": 503, "header.Retry-After": 1, "header.x-y": "a=b", "body": "some {{payload}}", "delay": "100ms",
		  "break": "truncate", "trickle": "1s", "unbounded": true, "gzip": "true", "judged": true}`,
	} {
		got, err := parseFault(text)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("parseFault(%s):\ngot  %+v, %v\nwant %+v", text, got, err, want)
		}
	}
}

func TestParseFault_ReadsEveryBreak(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]accesstokentest.Break{
		"reset-before-head": accesstokentest.ResetBeforeHead,
		"reset-in-head":     accesstokentest.ResetInHead,
		"reset-in-body":     accesstokentest.ResetInBody,
		"truncate":          accesstokentest.Truncate,
	} {
		if got, err := parseFault("break=" + name); err != nil || got.Break != want {
			t.Errorf("%s: got %d, %v, want %d", name, got.Break, err, want)
		}
	}
}

func TestParseFault_KeepsJSONBody(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"body": "a, b"}`:                   `a, b`,
		`{"body": {"a": [1, 2]}}`:            `{"a": [1, 2]}`,
		`{"body": "\u00e9 \"{{payload}}\""}`: "\u00e9 \"{{payload}}\"",
	} {
		if got, err := parseFault(text); err != nil || got.Body != want {
			t.Errorf("parseFault(%s): got body %q, %v, want %q", text, got.Body, err, want)
		}
	}
}

func TestParseFault_RefusesMistake(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                        "unknown key",
		"stats=503":               "stats: unknown key",
		"header.=1":               "header.: unknown key",
		"status":                  "status: must be",
		"status=199":              "status: must be",
		"status=600":              "status: must be",
		"status=200,status=500":   "status: set twice",
		"delay=1":                 "delay: must be",
		"trickle=-1s":             "trickle: must be",
		"break=somewhere":         "break: must be",
		"gzip=perhaps":            "gzip: must be",
		"unbounded=":              "unbounded: must be",
		"judged=0.5":              "judged: must be",
		`{"status": 503`:          "JSON",
		`{"judged": [true]}`:      "judged: must be",
		`{"status": 503}, "a": 1`: "invalid character",
	} {
		if fault, err := parseFault(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("parseFault(%s): got %+v, %v, want an error with %q", text, fault, err, want)
		}
	}
}

func TestParseFault_TakesExamplesOfUsage(t *testing.T) {
	t.Parallel()
	n := 0
	for line := range strings.Lines(faultUsage) {
		if text, ok := strings.CutPrefix(strings.TrimSpace(line), "-fault "); ok {
			n++
			if _, err := parseFault(strings.Trim(text, "'")); err != nil {
				t.Errorf("%s: %v", text, err)
			}
		}
	}
	if n == 0 {
		t.Error("no examples")
	}
}
