package credentials

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// check stands in for the rule that the caller brings along.
func check(text string) string {
	switch {
	case text == "":
		return "is an empty string"
	case strings.TrimSpace(text) != text:
		return "begins or ends with white space"
	}
	return ""
}

// set returns an argument with a value.
func set(value string) Argument { return Argument{Value: value, Set: true} }

// unknown is an argument whose value is not known yet.
var unknown = Argument{Set: true, Unknown: true}

// isolate gives the test a home folder of its own, which it returns, and an
// environment without credentials.
func isolate(t *testing.T) (home string) {
	t.Helper()
	home = t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home) // what Windows calls it
	for _, name := range []string{EnvAPIClientID, EnvAPIClientSecret, EnvCLIClientID, EnvCLIClientSecret} {
		t.Setenv(name, "")
	}
	return home
}

// writeDefaultFile writes the Equinix CLI's file below the home folder.
func writeDefaultFile(t *testing.T, home, content string) {
	t.Helper()
	folder := filepath.Join(home, ".config", "equinix")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(folder, "equinix.yaml"), content)
}

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// mustFail returns the error of Find.
func mustFail(t *testing.T, sources Sources) *Error {
	t.Helper()
	pair, err := sources.Find()
	var failure *Error
	if !errors.As(err, &failure) {
		t.Fatalf("got the pair %+v and the error %v, want an *Error", pair, err)
	}
	if pair != (Pair{}) {
		t.Errorf("the pair %+v came with the error %v", pair, err)
	}
	return failure
}

// mustContain checks that a text has all parts.
func mustContain(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q is missing in:\n%s", part, text)
		}
	}
}

// mustNotContain checks that a text has none of the parts.
func mustNotContain(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if strings.Contains(text, part) {
			t.Errorf("%q stands in:\n%s", part, text)
		}
	}
}

// TestSources_Order takes away the source that won, one after the other.
func TestSources_Order(t *testing.T) {
	home := isolate(t)
	writeDefaultFile(t, home, "equinix_client_id: file-id\nequinix_client_secret: file-secret\n")
	t.Setenv(EnvAPIClientID, "api-id")
	t.Setenv(EnvAPIClientSecret, "api-secret")
	t.Setenv(EnvCLIClientID, "cli-id")
	t.Setenv(EnvCLIClientSecret, "cli-secret")
	sources := Sources{ClientID: set("block-id"), ClientSecret: set("block-secret"), Check: check}

	steps := []struct {
		want   Pair
		remove func()
	}{
		{
			Pair{"block-id", "block-secret", "the provider block"},
			func() { sources.ClientID, sources.ClientSecret = Argument{}, Argument{} },
		},
		{
			Pair{"api-id", "api-secret", "the environment variables EQUINIX_API_CLIENTID and EQUINIX_API_CLIENTSECRET"},
			func() { t.Setenv(EnvAPIClientID, ""); t.Setenv(EnvAPIClientSecret, "") },
		},
		{
			Pair{"cli-id", "cli-secret", "the environment variables EQUINIX_CLIENT_ID and EQUINIX_CLIENT_SECRET"},
			func() { t.Setenv(EnvCLIClientID, ""); t.Setenv(EnvCLIClientSecret, "") },
		},
		{
			Pair{"file-id", "file-secret", "the Equinix CLI's file ~/.config/equinix/equinix.yaml"},
			func() {},
		},
	}
	for _, step := range steps {
		got, err := sources.Find()
		if err != nil {
			t.Fatalf("want the pair of %s: %v", step.want.Source, err)
		}
		if got != step.want {
			t.Errorf("got %+v, want %+v", got, step.want)
		}
		step.remove()
	}
}

// TestSources_HalfPair gives one source half a pair, and every source after it a
// whole one, which must not be used.
func TestSources_HalfPair(t *testing.T) {
	const id, secret = "half-id-value", "half-secret-value"
	tests := map[string]struct {
		arrange func(t *testing.T, home string, sources *Sources)
		summary string
		names   []string
	}{
		"block without secret": {
			func(_ *testing.T, _ string, s *Sources) { s.ClientID = set(id) },
			"The client secret is missing",
			[]string{"The provider argument client_id is set", "the provider argument client_secret"},
		},
		"block without ID": {
			func(_ *testing.T, _ string, s *Sources) { s.ClientSecret = set(secret) },
			"The client ID is missing",
			[]string{"The provider argument client_secret is set", "the provider argument client_id"},
		},
		"provider's variables without secret": {
			func(t *testing.T, _ string, _ *Sources) { t.Setenv(EnvAPIClientID, id) },
			"The client secret is missing",
			[]string{EnvAPIClientID + " is set", EnvAPIClientSecret},
		},
		"provider's variables without ID": {
			func(t *testing.T, _ string, _ *Sources) { t.Setenv(EnvAPIClientSecret, secret) },
			"The client ID is missing",
			[]string{EnvAPIClientSecret + " is set", EnvAPIClientID},
		},
		"CLI's variables without secret": {
			func(t *testing.T, _ string, _ *Sources) {
				t.Setenv(EnvAPIClientID, "")
				t.Setenv(EnvAPIClientSecret, "")
				t.Setenv(EnvCLIClientID, id)
				t.Setenv(EnvCLIClientSecret, "")
			},
			"The client secret is missing",
			[]string{EnvCLIClientID + " is set", EnvCLIClientSecret},
		},
		"CLI's variables without ID": {
			func(t *testing.T, _ string, _ *Sources) {
				t.Setenv(EnvCLIClientID, "")
				t.Setenv(EnvCLIClientSecret, secret)
			},
			"The client ID is missing",
			[]string{EnvCLIClientSecret + " is set", EnvCLIClientID},
		},
		"file without secret": {
			func(t *testing.T, home string, _ *Sources) {
				t.Setenv(EnvCLIClientID, "")
				t.Setenv(EnvCLIClientSecret, "")
				writeDefaultFile(t, home, "equinix_client_id: "+id+"\nequinix_client_secret:\n")
			},
			"The client secret is missing",
			[]string{"The key equinix_client_id in ~/.config/equinix/equinix.yaml is set", "the key equinix_client_secret in ~/.config"},
		},
		"file without ID": {
			func(t *testing.T, home string, _ *Sources) {
				t.Setenv(EnvCLIClientID, "")
				t.Setenv(EnvCLIClientSecret, "")
				writeDefaultFile(t, home, "equinix_client_secret: "+secret+"\n")
			},
			"The client ID is missing",
			[]string{"The key equinix_client_secret in", "the key equinix_client_id in"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			home := isolate(t)
			writeDefaultFile(t, home, "equinix_client_id: file-id\nequinix_client_secret: file-secret\n")
			if !strings.HasPrefix(name, "provider's") {
				t.Setenv(EnvCLIClientID, "cli-id")
				t.Setenv(EnvCLIClientSecret, "cli-secret")
			}
			if strings.HasPrefix(name, "block") {
				t.Setenv(EnvAPIClientID, "api-id")
				t.Setenv(EnvAPIClientSecret, "api-secret")
			}
			sources := Sources{Check: check}
			test.arrange(t, home, &sources)

			failure := mustFail(t, sources)
			if failure.Summary != test.summary || failure.Unknown {
				t.Errorf("got %+v, want the summary %q", failure, test.summary)
			}
			mustContain(t, failure.Detail, append(test.names, "No request was sent.")...)
			mustNotContain(t, failure.Error(), id, secret, "file-id", "file-secret", "cli-secret", "api-secret")
		})
	}
}

// TestSources_EmptyAndWhiteSpace knows an empty variable for one that is not
// set, and an empty argument for a mistake.
func TestSources_EmptyAndWhiteSpace(t *testing.T) {
	tests := map[string]struct {
		arrange func(t *testing.T, home string, sources *Sources)
		detail  string
	}{
		"empty block ID": {
			func(_ *testing.T, _ string, s *Sources) { s.ClientID, s.ClientSecret = set(""), set("secret-text") },
			"The provider argument client_id is an empty string. No request was sent.",
		},
		"empty block secret": {
			func(_ *testing.T, _ string, s *Sources) { s.ClientID, s.ClientSecret = set("id"), set("") },
			"The provider argument client_secret is an empty string. No request was sent.",
		},
		"newline of a file in the block": {
			func(_ *testing.T, _ string, s *Sources) { s.ClientID, s.ClientSecret = set("id"), set("secret-text\n") },
			"The provider argument client_secret begins or ends with white space. No request was sent.",
		},
		"space before the provider's variable": {
			func(t *testing.T, _ string, _ *Sources) {
				t.Setenv(EnvAPIClientID, " id")
				t.Setenv(EnvAPIClientSecret, "secret-text")
			},
			"The environment variable EQUINIX_API_CLIENTID begins or ends with white space. No request was sent.",
		},
		"newline after the CLI's variable": {
			func(t *testing.T, _ string, _ *Sources) {
				t.Setenv(EnvCLIClientID, "id")
				t.Setenv(EnvCLIClientSecret, "secret-text\n")
			},
			"The environment variable EQUINIX_CLIENT_SECRET begins or ends with white space. No request was sent.",
		},
		"space in the file": {
			func(t *testing.T, home string, _ *Sources) {
				writeDefaultFile(t, home, "equinix_client_id: id\nequinix_client_secret: 'secret-text '\n")
			},
			"The key equinix_client_secret in ~/.config/equinix/equinix.yaml begins or ends with white space. No request was sent.",
		},
		"newline of a block scalar in the file": {
			func(t *testing.T, home string, _ *Sources) {
				writeDefaultFile(t, home, "equinix_client_id: id\nequinix_client_secret: |\n  secret-text\n")
			},
			"The key equinix_client_secret in ~/.config/equinix/equinix.yaml begins or ends with white space. No request was sent.",
		},
		"empty string in the file": {
			func(t *testing.T, home string, _ *Sources) {
				writeDefaultFile(t, home, "equinix_client_id: ''\nequinix_client_secret: secret-text\n")
			},
			"The key equinix_client_id in ~/.config/equinix/equinix.yaml is an empty string. No request was sent.",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			home := isolate(t)
			sources := Sources{Check: check}
			test.arrange(t, home, &sources)
			failure := mustFail(t, sources)
			if failure.Detail != test.detail {
				t.Errorf("got %+v, want the detail %q", failure, test.detail)
			}
			mustNotContain(t, failure.Error(), "secret-text")
		})
	}
}

func TestSources_NothingListsEverySource(t *testing.T) {
	isolate(t)
	failure := mustFail(t, Sources{Check: check})
	if failure.Summary != "No Equinix credentials" || failure.Unknown {
		t.Errorf("got %+v", failure)
	}
	from := 0
	for _, source := range []string{
		"in the block", "in the provider block", EnvAPIClientID, EnvAPIClientSecret, EnvCLIClientID, EnvCLIClientSecret,
		"equinix_client_id and equinix_client_secret in the Equinix CLI's file ~/.config/equinix/equinix.yaml", "No request was sent.",
	} {
		at := strings.Index(failure.Detail[from:], source)
		if at < 0 {
			t.Fatalf("%q is missing after the sources before it:\n%s", source, failure.Detail)
		}
		from += at
	}
}

func TestSources_NothingNamesTheConfiguredFile(t *testing.T) {
	isolate(t)
	path := filepath.Join(t.TempDir(), "my.yaml")
	writeFile(t, path, "other: 1\n")
	mustContain(t, mustFail(t, Sources{ConfigFile: set(path), Check: check}).Detail, path)
}

// TestSources_Unknown has a whole pair in every source behind the one that is
// not known yet. None may be used in its place.
func TestSources_Unknown(t *testing.T) {
	tests := map[string]Sources{
		"client_id":     {ClientID: unknown, ClientSecret: set("block-secret")},
		"client_secret": {ClientID: set("block-id"), ClientSecret: unknown},
		"config_file":   {ConfigFile: unknown},
	}
	for argument, sources := range tests {
		t.Run(argument, func(t *testing.T) {
			home := isolate(t)
			writeDefaultFile(t, home, "equinix_client_id: file-id\nequinix_client_secret: file-secret\n")
			if argument != "config_file" {
				t.Setenv(EnvAPIClientID, "api-id")
				t.Setenv(EnvAPIClientSecret, "api-secret")
			}
			sources.Check = check
			failure := mustFail(t, sources)
			if !failure.Unknown {
				t.Errorf("got %+v, want the argument %q to be unknown", failure, argument)
			}
			mustContain(t, failure.Summary, argument+" is not known yet")
			mustContain(t, failure.Detail, "Set client_id and client_secret in the block", "no request was sent")
			mustNotContain(t, failure.Error(), "block-secret", "file-secret", "api-secret")
		})
	}
}

func TestSources_UnknownConfigFileIsNotNeededWithOtherCredentials(t *testing.T) {
	isolate(t)
	t.Setenv(EnvCLIClientID, "cli-id")
	t.Setenv(EnvCLIClientSecret, "cli-secret")
	pair, err := Sources{ConfigFile: unknown, Check: check}.Find()
	if err != nil || pair.ClientID != "cli-id" {
		t.Errorf("got %+v, %v", pair, err)
	}
}

func TestError_ShowsBothParts(t *testing.T) {
	err := &Error{Summary: "summary", Detail: "detail"}
	if got := err.Error(); got != "summary: detail" {
		t.Errorf("got %q", got)
	}
}
