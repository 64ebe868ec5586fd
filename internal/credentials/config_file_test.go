package credentials

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
)

const wholePair = "equinix_client_id: file-id\nequinix_client_secret: file-secret\n"

func TestConfigFile_Paths(t *testing.T) {
	home := isolate(t)
	writeFile(t, filepath.Join(home, "mine.yaml"), wholePair)
	relative, err := filepath.Rel(mustGetwd(t), filepath.Join(home, "mine.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"~/mine.yaml", filepath.Join(home, "mine.yaml"), relative} {
		pair, err := Sources{ConfigFile: set(path), Check: check}.Find()
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if want := (Pair{"file-id", "file-secret", "the Equinix CLI's file " + path}); pair != want {
			t.Errorf("got %+v, want %+v", pair, want)
		}
	}
}

func mustGetwd(t *testing.T) string {
	t.Helper()
	folder, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

// TestConfigFile_ExplicitMustExist has the default file in place, which must not
// be used instead.
func TestConfigFile_ExplicitMustExist(t *testing.T) {
	home := isolate(t)
	writeDefaultFile(t, home, wholePair)
	for path, reason := range map[string]string{
		filepath.Join(home, "none.yaml"): "no such file or directory",
		"~/none.yaml":                    "no such file or directory",
		filepath.Join(home, ".config", "equinix", "equinix.yaml", "no"): "not a directory",
		home: "it is not a regular file",
		"":   "is an empty string",
	} {
		failure := mustFail(t, Sources{ConfigFile: set(path), Check: check})
		if failure.Summary != "The Equinix configuration file is not usable" {
			t.Errorf("%q: got %+v", path, failure)
		}
		mustContain(t, failure.Detail, strings.TrimPrefix(path, "~"), reason, "No request was sent.")
	}
}

// TestConfigFile_DefaultMayBeAbsent covers every way in which there is no such
// file.
func TestConfigFile_DefaultMayBeAbsent(t *testing.T) {
	tests := map[string]func(t *testing.T, home string){
		"no file":             func(*testing.T, string) {},
		"no home":             func(t *testing.T, _ string) { t.Setenv("HOME", ""); t.Setenv("USERPROFILE", "") },
		"home does not exist": func(t *testing.T, home string) { t.Setenv("HOME", filepath.Join(home, "none")) },
		"home is a file":      func(t *testing.T, _ string) { t.Setenv("HOME", os.DevNull) },
		"empty file":          func(t *testing.T, home string) { writeDefaultFile(t, home, "") },
		"only comments":       func(t *testing.T, home string) { writeDefaultFile(t, home, "# nothing\n---\n") },
		"null":                func(t *testing.T, home string) { writeDefaultFile(t, home, "~\n") },
		"other keys": func(t *testing.T, home string) {
			writeDefaultFile(t, home, "format: json\nclient_id: no\nequinix:\n  client_secret: no\n1: 2\n? [a, b]\n: c\n")
		},
		"null keys": func(t *testing.T, home string) {
			writeDefaultFile(t, home, "equinix_client_id:\nequinix_client_secret: null\n")
		},
	}
	for name, arrange := range tests {
		t.Run(name, func(t *testing.T) {
			arrange(t, isolate(t))
			if failure := mustFail(t, Sources{Check: check}); failure.Summary != "No Equinix credentials" {
				t.Errorf("got %+v", failure)
			}
		})
	}
}

func TestConfigFile_NoHomeForAnExplicitPath(t *testing.T) {
	isolate(t)
	t.Setenv("HOME", "")
	t.Setenv("USERPROFILE", "")
	failure := mustFail(t, Sources{ConfigFile: set("~/mine.yaml"), Check: check})
	mustContain(t, failure.Detail, "~/mine.yaml cannot be found, because there is no home folder", "No request was sent.")
}

// TestConfigFile_Unreadable is about a default file that is there: it is never
// passed over.
func TestConfigFile_Unreadable(t *testing.T) {
	tests := map[string]struct {
		arrange func(t *testing.T, path string)
		reason  string
	}{
		"folder": {
			func(t *testing.T, path string) {
				if err := os.Mkdir(path, 0o700); err != nil {
					t.Fatal(err)
				}
			}, "it is not a regular file",
		},
		"link to itself": {
			func(t *testing.T, path string) {
				if err := os.Symlink(path, path); err != nil {
					t.Fatal(err)
				}
			}, "too many levels of symbolic links",
		},
		"device": {
			func(t *testing.T, path string) {
				if err := os.Symlink("/dev/zero", path); err != nil {
					t.Fatal(err)
				}
			}, "it is not a regular file",
		},
		"huge": {
			func(t *testing.T, path string) {
				writeFile(t, path, wholePair+strings.Repeat("#", maxConfigFile))
			}, "it is larger than 1 MiB",
		},
		"broken": {
			func(t *testing.T, path string) { writeFile(t, path, wholePair+"a: 'never closed\n") },
			"line 3: found unexpected end of stream",
		},
	}
	// The super-user may read everything.
	if os.Geteuid() != 0 {
		tests["no permission"] = struct {
			arrange func(t *testing.T, path string)
			reason  string
		}{
			func(t *testing.T, path string) {
				writeFile(t, path, wholePair)
				if err := os.Chmod(path, 0); err != nil {
					t.Fatal(err)
				}
			}, "permission denied",
		}
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			home := isolate(t)
			folder := filepath.Join(home, ".config", "equinix")
			if err := os.MkdirAll(folder, 0o700); err != nil {
				t.Fatal(err)
			}
			test.arrange(t, filepath.Join(folder, "equinix.yaml"))
			failure := mustFail(t, Sources{Check: check})
			want := filepath.Join(folder, "equinix.yaml") + ": " + test.reason + ". No request was sent."
			if failure.Detail != want {
				t.Errorf("got %+v, want the detail %q", failure, want)
			}
		})
	}
}

func TestConfigFile_LargestSize(t *testing.T) {
	path := filepath.Join(t.TempDir(), "large.yaml")
	writeFile(t, path, wholePair+strings.Repeat("#", maxConfigFile-len(wholePair)))
	if _, err := readConfigFile(path); err != nil {
		t.Error(err)
	}
}

func TestReason_KeepsOtherErrors(t *testing.T) {
	cause := errors.New("cause")
	if got := reason(cause); !errors.Is(got, cause) {
		t.Errorf("got %v", got)
	}
}

// TestParseConfigFile_Values shows which texts YAML makes of what stands there.
// The values are taken as they are written: a secret of digits alone keeps its
// leading zeros.
func TestParseConfigFile_Values(t *testing.T) {
	both := func(id, secret string) map[string]string { return map[string]string{keyID: id, keySecret: secret} }
	tests := map[string]struct {
		content string
		want    map[string]string
	}{
		"plain":             {wholePair, both("file-id", "file-secret")},
		"quotes":            {"equinix_client_id: \"a\\tb\"\nequinix_client_secret: 'it''s *&!|>%@`{[: #'\n", both("a\tb", "it's *&!|>%@`{[: #")},
		"JSON":              {`{"equinix_client_id": "id", "equinix_client_secret": "se\u0063ret", "format": "json"}`, both("id", "secret")},
		"case of keys":      {"EQUINIX_CLIENT_ID: Id\nEquinix_Client_Secret: SeCret\n", both("Id", "SeCret")},
		"digits":            {"equinix_client_id: 0123\nequinix_client_secret: 1e5\n", both("0123", "1e5")},
		"booleans, dates":   {"equinix_client_id: true\nequinix_client_secret: 2024-01-08\n", both("true", "2024-01-08")},
		"explicit string":   {"equinix_client_id: !!str 12\nequinix_client_secret: !!str null\n", both("12", "null")},
		"quoted null":       {"equinix_client_id: 'null'\nequinix_client_secret: \"~\"\n", both("null", "~")},
		"anchor and alias":  {"equinix_client_id: &a id\nequinix_client_secret: *a\n", both("id", "id")},
		"comments":          {"# one\nequinix_client_id: id # two\nequinix_client_secret: a#b\n", both("id", "a#b")},
		"special inside":    {"equinix_client_id: a*b&c!d\nequinix_client_secret: -x|y>z%@`{[\n", both("a*b&c!d", "-x|y>z%@`{[")},
		"CRLF":              {strings.ReplaceAll(wholePair, "\n", "\r\n"), both("file-id", "file-secret")},
		"no final newline":  {strings.TrimSuffix(wholePair, "\n"), both("file-id", "file-secret")},
		"UTF-8 with BOM":    {"\xef\xbb\xbf" + wholePair, both("file-id", "file-secret")},
		"UTF-16 LE":         {utf16Text(wholePair, false), both("file-id", "file-secret")},
		"UTF-16 BE":         {utf16Text(wholePair, true), both("file-id", "file-secret")},
		"first document":    {wholePair + "---\nequinix_client_id: other\n", both("file-id", "file-secret")},
		"folded":            {"equinix_client_id: id\nequinix_client_secret: >-\n  a\n  b\n", both("id", "a b")},
		"only one":          {"equinix_client_id: id\nequinix_client_secret: ~\n", map[string]string{keyID: "id"}},
		"null, then a text": {"equinix_client_id:\nEQUINIX_CLIENT_ID: id\n", map[string]string{keyID: "id"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := parseConfigFile([]byte(test.content))
			if err != nil {
				t.Fatal(err)
			}
			if !maps.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// utf16Text encodes a text as editors on Windows do, with a byte order mark.
func utf16Text(text string, bigEndian bool) string {
	var encoded strings.Builder
	for _, unit := range utf16.Encode([]rune("\uFEFF" + text)) {
		high, low := byte(unit>>8), byte(unit)
		if !bigEndian {
			high, low = low, high
		}
		encoded.WriteByte(high)
		encoded.WriteByte(low)
	}
	return encoded.String()
}

// TestParseConfigFile_Mistakes has the same mistake on the first line and on a
// later one. The errors name the line and show nothing of it.
func TestParseConfigFile_Mistakes(t *testing.T) {
	const quotes = "a value that begins with * or & must stand in quotes"
	const tagged = "the value of equinix_client_secret begins with ! or & and must stand in quotes"
	const noString = "the value of equinix_client_secret must be a string"
	const noToken = "found character that cannot start any token"
	tests := map[string]struct{ value, reason string }{
		"asterisk":         {"*hunter2", quotes},
		"ampersand":        {"&hunter2", tagged},
		"exclamation":      {"!hunter2", tagged},
		"tag and text":     {"!hunter2 rest", tagged},
		"binary":           {"!!binary aHVudGVyMg==", tagged},
		"integer":          {"!!int hunter2", tagged},
		"pipe":             {"|hunter2", "did not find expected comment or line break"},
		"greater":          {">hunter2", "did not find expected comment or line break"},
		"percent":          {"%hunter2", noToken},
		"at":               {"@hunter2", noToken},
		"backtick":         {"`hunter2", noToken},
		"open brace":       {"{hunter2", "did not find expected ',' or '}'"},
		"open bracket":     {"[hunter2", "did not find expected ',' or ']'"},
		"closing brace":    {"}hunter2", "did not find expected node content"},
		"comma":            {",hunter2", "did not find expected node content"},
		"mapping":          {"{hunter2}", noString},
		"sequence":         {"[hunter2]", noString},
		"nested mapping":   {"\n  hunter2: 1", noString},
		"double quote":     {"\"hunter2", "found unexpected end of stream"},
		"single quote":     {"'hunter2", "found unexpected end of stream"},
		"unknown escape":   {`"hunter2\q"`, "found unknown escape character"},
		"colon":            {"hunter2: hunter2", "mapping values are not allowed in this context"},
		"dash":             {"- hunter2", "block sequence entries are not allowed in this context"},
		"control":          {"hunter2\x01", "control characters are not allowed"},
		"no UTF-8":         {"hunter2\xff", "invalid leading UTF-8 octet"},
		"alias to mapping": {"*a\nb: &a {hunter2: 1}", quotes},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			for before, line := range map[string]string{"": "line 1: ", "# one\nequinix_client_id: hunter2-id\n": "line 3: "} {
				if name == "nested mapping" {
					// The value stands on the line after its key.
					line = map[string]string{"line 1: ": "line 2: ", "line 3: ": "line 4: "}[line]
				}
				_, err := parseConfigFile([]byte(before + "equinix_client_secret: " + test.value + "\nother: hunter2\n"))
				if err == nil || err.Error() != line+test.reason {
					t.Errorf("got %v, want %s%s", err, line, test.reason)
				}
			}
		})
	}
}

func TestParseConfigFile_MistakesOfTheWhole(t *testing.T) {
	tests := map[string]struct{ content, want string }{
		"a sequence":          {"# one\n- hunter2\n", "line 2: the file must be a mapping of keys to values"},
		"a text":              {"hunter2", "line 1: the file must be a mapping of keys to values"},
		"repeated key":        {wholePair + "equinix_client_secret: hunter2\n", "line 3: the key equinix_client_secret stands there a second time"},
		"repeated, in upper":  {wholePair + "a: b\nEQUINIX_CLIENT_ID: hunter2\n", "line 4: the key equinix_client_id stands there a second time"},
		"tab as indentation":  {"a:\n\thunter2: 1\n", "line 2: found character that cannot start any token"},
		"wrong indentation":   {"a:\n  b: 1\n hunter2: 2\n", "line 3: did not find expected key"},
		"key without a colon": {wholePair + "hunter2\nother: 1\n", "line 3: could not find expected ':'"},
		"unknown directive":   {"%hunter2 x\n---\na: 1\n", "line 1: found unknown directive name"},
		"half a character":    {"\xff\xfea", "line 1: incomplete UTF-16 character"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := parseConfigFile([]byte(test.content))
			if err == nil || err.Error() != test.want {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

func TestParseConfigFile_LineOfALargeFile(t *testing.T) {
	_, err := parseConfigFile([]byte(strings.Repeat("#\n", maxSearched) + "a: 'hunter2"))
	if want := "found unexpected end of stream"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s: the line is looked for in small files only", err, want)
	}
}

// safeReasons are this package's own texts and those of the YAML parser that
// quote nothing of the file.
var safeReasons = strings.Split(`a value that begins with * or & must stand in quotes
the value of equinix_client_id begins with ! or & and must stand in quotes
the value of equinix_client_secret begins with ! or & and must stand in quotes
the value of equinix_client_id must be a string
the value of equinix_client_secret must be a string
the key equinix_client_id stands there a second time
the key equinix_client_secret stands there a second time
the file must be a mapping of keys to values
it is not valid YAML
block sequence entries are not allowed in this context
control characters are not allowed
could not find expected ':'
could not find expected directive name
did not find URI escaped octet
did not find expected '!'
did not find expected ',' or ']'
did not find expected ',' or '}'
did not find expected '-' indicator
did not find expected <document start>
did not find expected alphabetic or numeric character
did not find expected comment or line break
did not find expected digit or '.' character
did not find expected hexdecimal number
did not find expected key
did not find expected node content
did not find expected tag URI
did not find expected version number
did not find expected whitespace
did not find expected whitespace or line break
did not find the expected '>'
exceeded max depth of 10000
expected low surrogate area
found a tab character that violates indentation
found a tab character where an indentation space is expected
found an incorrect leading UTF-8 octet
found an incorrect trailing UTF-8 octet
found an indentation indicator equal to 0
found character that cannot start any token
found duplicate %TAG directive
found duplicate %YAML directive
found extremely long version number
found incompatible YAML document
found invalid Unicode character escape code
found undefined tag handle
found unexpected document indicator
found unexpected end of stream
found unexpected non-alphabetical character
found unknown directive name
found unknown escape character
incomplete UTF-16 character
incomplete UTF-16 surrogate pair
incomplete UTF-8 octet sequence
invalid Unicode character
invalid leading UTF-8 octet
invalid length of a UTF-8 sequence
invalid trailing UTF-8 octet
mapping keys are not allowed in this context
mapping values are not allowed in this context
unexpected low surrogate area
unknown problem parsing YAML content`, "\n")

// lineNumber is how a reason begins.
var lineNumber = regexp.MustCompile(`^line \d+: `)

// FuzzParseConfigFile gives the parser every text as a secret and as a whole
// file: it returns values or an error of constant texts.
func FuzzParseConfigFile(f *testing.F) {
	for _, seed := range []string{
		"", wholePair, "secret", "*secret", "&secret", "!secret", "`secret", "{secret", "a: *a", "&a [*a]", "<<: *a", "%TAG ! x\n---\n",
		"!<tag:yaml.org,2002:binary> x", "\xff\xfea\x00", "\"\\ud800\"", "- - - -", "? ? ?", "[[[[[", "a: &b c\n*b : d", "|2\n x", "...\n---", "!!binary `",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, content := range []string{text, "equinix_client_id: id\nequinix_client_secret: " + text + "\n"} {
			values, err := parseConfigFile([]byte(content))
			if err == nil {
				for key := range values {
					if key != keyID && key != keySecret {
						t.Errorf("unknown key %q", key)
					}
				}
				continue
			}
			if values != nil {
				t.Errorf("values %q came with the error %v", values, err)
			}
			if !slices.Contains(safeReasons, lineNumber.ReplaceAllString(err.Error(), "")) {
				t.Errorf("the error is not of constant texts: %q", err)
			}
		}
	})
}
